package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"time"
)

const (
	dialTime  = time.Second
	answering = 10 * time.Second
	maxAnswer = 16 << 20 // bytes
)

// Ask asks at a socket. An error that the answer has is returned as one.
func Ask(path string, words []string) (*Answer, error) {
	conn, err := net.DialTimeout("unix", path, dialTime)
	if err != nil {
		return nil, unreachable(path, err)
	}
	defer conn.Close()
	question, err := json.Marshal(words)
	if err != nil {
		return nil, err
	}
	if len(question) >= maxQuestion {
		return nil, fmt.Errorf("that are %d bytes, more than the %d of a question", len(question), maxQuestion)
	}
	conn.SetDeadline(time.Now().Add(answering))
	if _, err := conn.Write(append(question, '\n')); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var a Answer
	if err := json.NewDecoder(io.LimitReader(conn, maxAnswer)).Decode(&a); err != nil {
		return nil, fmt.Errorf("%s: no answer: %w", path, err)
	}
	if a.Error != "" {
		return nil, errors.New(a.Error)
	}
	return &a, nil
}

// unreachable says why nobody could be asked.
func unreachable(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s belongs to another user: try sudo", path)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no %s", path)
	}
	return fmt.Errorf("nobody answers at %s: %w", path, err)
}
