package recording

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Stdin is the name of standard input among those of files.
const Stdin = "-"

// expand makes files of names and patterns, each file once.
func expand(names []string) (files []string, err error) {
	var errs []error
	seen := map[string]bool{}
	for _, name := range names {
		matches, err := match(name)
		if err != nil {
			errs = append(errs, err)
		}
		for _, file := range matches {
			if at := filepath.Clean(file); !seen[at] {
				seen[at] = true
				files = append(files, file)
			}
		}
	}
	return files, errors.Join(errs...)
}

// match returns the files that a name stands for. A file that bears the name
// itself, whatever is in it, is meant.
func match(name string) ([]string, error) {
	if name == Stdin || !strings.ContainsAny(name, `*?[`) {
		return []string{name}, nil
	}
	if _, err := os.Lstat(name); err == nil {
		return []string{name}, nil
	}
	files, err := filepath.Glob(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case len(files) == 0:
		return nil, fmt.Errorf("no file matches %s", name)
	}
	return files, nil
}
