package sniffer

import (
	"errors"
	"os"

	"gor/capture"
)

// A Tape records the packets that matter to a file.
type Tape struct {
	*capture.Writer
	file *os.File
}

// CreateTape creates or empties the file to record to; nil where none is wanted.
func (o *Options) CreateTape() (*Tape, error) {
	if o.Write == "" {
		return nil, nil
	}
	file, err := os.Create(o.Write)
	if err != nil {
		return nil, err
	}
	w, err := capture.NewWriter(file)
	if err != nil {
		file.Close()
		return nil, err
	}
	return &Tape{Writer: w, file: file}, nil
}

// Close writes what is buffered.
func (t *Tape) Close() error { return errors.Join(t.Flush(), t.file.Close()) }
