package results

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gor/forward"
)

// kinds are the reports by the endings of their files' names; one that is nil is
// written while the run goes on.
var kinds = map[string]func(io.Writer, *Run) error{
	".json": writeJSON, ".hgrm": writeHGRM, ".html": writeHTML, ".csv": nil,
}

// CheckName says what is wrong with a report's name, if anything is.
func CheckName(name string) error {
	if _, known := kinds[filepath.Ext(name)]; !known {
		return fmt.Errorf("%q: give a name that ends in .json, .csv, .hgrm or .html", name)
	}
	return nil
}

// Files are the reports of a run that are written to files.
type Files struct {
	files []*os.File
	logs  []*csvLog // those of the files that get a line for each request
}

// OpenFiles creates the reports' files, so that what cannot be written shows before
// the run. Where one is there, it has to be a report of gor's, or empty: the report of this run takes the place of an
// earlier one's, at its end (of the .csv, at its beginning), and nothing else is lost to a mistyped name. names are those of the targets.
func OpenFiles(paths, names []string) (*Files, error) {
	f := &Files{}
	for _, path := range paths {
		file, err := openReport(path)
		if err != nil {
			f.Close()
			return nil, err
		}
		f.files = append(f.files, file)
		if filepath.Ext(path) == ".csv" {
			if err := empty(file); err != nil {
				f.Close()
				return nil, err
			}
			l := &csvLog{out: bufio.NewWriterSize(file, 64<<10), names: names}
			l.out.WriteString(csvHead)
			f.logs = append(f.logs, l)
		}
	}
	return f, nil
}

// signs are what the beginnings of reports have in them, by the endings of their files' names.
var signs = map[string]string{".json": `{"gor_report":`, ".hgrm": "       Value     Percentile", ".html": "<title>gor replay", ".csv": csvHead}

// signWithin is how far from its beginning a report has its sign.
const signWithin = 1024

// openReport opens a report's file as it is.
func openReport(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Mode().IsRegular() {
		begin := make([]byte, signWithin)
		var n int
		if n, err = io.ReadFull(file, begin); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil
		}
		if n > 0 && !bytes.Contains(begin[:n], []byte(signs[filepath.Ext(path)])) {
			err = fmt.Errorf("report %s: the file is there, and is no report of gor's: remove it, or give another name", path)
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// empty takes out what is in a file.
func empty(file *os.File) error {
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.Seek(0, io.SeekStart)
	return err
}

// Begin says when the run begins, on the clock of the Outcomes.
func (f *Files) Begin(start time.Duration) {
	for _, l := range f.logs {
		l.started = start
	}
}

// Take writes a request into the reports that have a line for each.
func (f *Files) Take(o *forward.Outcome) {
	for _, l := range f.logs {
		l.take(o)
	}
}

// Write writes all reports; the error says which could not be written whole.
func (f *Files) Write(r *Run) error {
	var errs []error
	for _, l := range f.logs {
		errs = append(errs, l.out.Flush())
	}
	for _, file := range f.files {
		write := kinds[filepath.Ext(file.Name())]
		if write == nil {
			continue
		}
		out := bufio.NewWriter(file)
		if err := errors.Join(empty(file), write(out, r), out.Flush()); err != nil {
			errs = append(errs, fmt.Errorf("report %s: %w", file.Name(), err))
		}
	}
	return errors.Join(append(errs, f.Close())...)
}

// Close closes the files; what is in them is not whole without Write.
func (f *Files) Close() error {
	var errs []error
	for _, file := range f.files {
		errs = append(errs, file.Close())
	}
	f.files = nil
	return errors.Join(errs...)
}
