package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
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

// Find is the socket of the one gor that runs here and can be controlled. Where there are
// several, or none, the error says what there is.
func Find() (string, error) { return find(folders()) }

func find(folders []string) (string, error) {
	var found, hidden []string
	for _, folder := range folders {
		if _, err := os.ReadDir(folder); errors.Is(err, fs.ErrPermission) {
			hidden = append(hidden, folder)
		}
		for _, path := range sockets(folder) {
			if isStale(path) {
				continue
			}
			found = append(found, path)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		for i, path := range found {
			found[i] = "--control " + path + describe(path)
		}
		return "", fmt.Errorf("%d of them run here, name one: %s", len(found), strings.Join(found, ", "))
	case hidden != nil:
		return "", fmt.Errorf("%s is another user's: try sudo", strings.Join(hidden, " and "))
	}
	return "", fmt.Errorf("nothing runs here that can be controlled: there is no socket in %s (--control names another place)", strings.Join(folders, " or "))
}

// describe says in brackets who listens at a socket.
func describe(path string) string {
	a, err := Ask(path, []string{who})
	if err != nil {
		return " (another user's)"
	}
	var self Self
	if err := json.Unmarshal(a.Data, &self); err != nil {
		return ""
	}
	return fmt.Sprintf(" (%s, pid %d)", self.Command, self.PID)
}
