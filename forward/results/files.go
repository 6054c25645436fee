package results

import (
	"bufio"
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

// OpenFiles creates the reports' files, or empties them, so that what cannot be
// written shows before the run. names are those of the targets.
func OpenFiles(paths, names []string) (*Files, error) {
	f := &Files{}
	for _, path := range paths {
		file, err := os.Create(path)
		if err != nil {
			f.Close()
			return nil, err
		}
		f.files = append(f.files, file)
		if filepath.Ext(path) == ".csv" {
			l := &csvLog{out: bufio.NewWriterSize(file, 64<<10), names: names}
			l.out.WriteString(csvHead)
			f.logs = append(f.logs, l)
		}
	}
	return f, nil
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
		if err := errors.Join(write(out, r), out.Flush()); err != nil {
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
