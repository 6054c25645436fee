package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	maxQuestion = 16 << 10 // bytes, with the line end
	maxClients  = 16       // at a time
	patience    = 2 * time.Second
)

// Config says where a Server listens, and what it says of itself.
type Config struct {
	Command string // listen or replay
	Version string
	Log     *slog.Logger
}

// An Answer is what is sent for a question.
type Answer struct {
	Text  string          `json:"text,omitempty"`
	Data  json.RawMessage `json:"data,omitempty"`
	Error string          `json:"error,omitempty"`
}

// Self is what a command says of itself when it is asked who it is.
type Self struct {
	Command string `json:"command"`
	Version string `json:"version"`
	PID     int    `json:"pid"`
}

// A Server answers at a command's socket, from Start to Close. A nil Server is one for a
// command that has no socket: it does nothing.
type Server struct {
	cfg      Config
	socket   *socket
	owner    int // the user who opened it, who may connect, as root may
	patience time.Duration
	controls Controls

	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	serving sync.WaitGroup
}

// newServer is a Server at a socket.
func newServer(cfg Config, s *socket) *Server {
	server := &Server{cfg: cfg, socket: s, owner: os.Geteuid(), patience: patience}
	server.ctx, server.stop = context.WithCancel(context.Background())
	return server
}

// Start lets c be asked for.
func (s *Server) Start(c Controls) {
	if s == nil {
		return
	}
	s.controls = c
	s.cfg.Log.Debug("it can be controlled", "socket", s.socket.path)
	s.serving.Go(s.serve)
}

// Close answers no more, and removes the socket if that is allowed.
func (s *Server) Close() {
	if s == nil {
		return
	}
	s.stop()
	if err := s.socket.close(); err != nil {
		s.cfg.Log.Debug("the control socket stays behind", "err", err)
	}
	s.serving.Wait()
}

// serve takes connections until Close.
func (s *Server) serve() {
	places := make(chan struct{}, maxClients)
	for {
		places <- struct{}{}
		conn, err := s.socket.listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // no descriptors left, say
			s.cfg.Log.Debug("a control connection was not accepted", "err", err)
			<-places
			select {
			case <-time.After(s.patience):
			case <-s.ctx.Done():
			}
			continue
		}
		s.serving.Go(func() {
			s.talk(conn)
			<-places
		})
	}
}

// talk answers one question.
func (s *Server) talk(conn *net.UnixConn) {
	defer conn.Close()
	defer context.AfterFunc(s.ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })()
	peer, err := peerOf(conn)
	if err != nil {
		s.cfg.Log.Debug("nobody knows who is at a control connection", "err", err)
		return
	}
	if peer.known && peer.uid != 0 && peer.uid != s.owner {
		s.cfg.Log.Warn("refused to be controlled", "uid", peer.uid, "pid", peer.pid)
		s.send(conn, Answer{Error: fmt.Sprintf("it belongs to user %d, and you are user %d", s.owner, peer.uid)})
		return
	}
	conn.SetReadDeadline(time.Now().Add(s.patience))
	if s.ctx.Err() != nil { // Close may have set its deadline before
		return
	}
	words, err := readQuestion(conn)
	if errors.Is(err, errNoQuestion) {
		s.send(conn, Answer{Error: err.Error()})
	}
	if err != nil {
		return
	}
	s.send(conn, s.answer(words, peer))
}

var errNoQuestion = errors.New(`a question is a JSON array of words in one line, such as ["status"]`)

// readQuestion reads the words of a question.
func readQuestion(r io.Reader) ([]string, error) {
	line, err := bufio.NewReaderSize(io.LimitReader(r, maxQuestion), maxQuestion).ReadBytes('\n')
	if err != nil && len(line) < maxQuestion {
		return nil, err
	}
	var words []string
	if err != nil || json.Unmarshal(line, &words) != nil || len(words) == 0 {
		return nil, errNoQuestion
	}
	return words, nil
}

// answer carries out an order, and logs a change.
func (s *Server) answer(words []string, p peer) Answer {
	if words[0] == who {
		data, err := json.Marshal(Self{s.cfg.Command, s.cfg.Version, os.Getpid()})
		if err != nil {
			return Answer{Error: err.Error()}
		}
		return Answer{Data: data}
	}
	if err := Check(words); err != nil {
		return Answer{Error: err.Error()}
	}
	a, changed := s.controls.do(words)
	if a.Error != "" {
		a.Error = "gor " + s.cfg.Command + ": " + a.Error
	}
	if changed {
		by := []any{"order", strings.Join(words, " "), "result", a.Text}
		if p.known {
			by = append(by, "uid", p.uid, "pid", p.pid)
		}
		s.cfg.Log.Info("changed by gor ctl", by...)
	}
	return a
}

// send writes an answer; who does not take it has gone, or will not.
func (s *Server) send(conn *net.UnixConn, a Answer) {
	line, err := json.Marshal(a)
	if err == nil {
		conn.SetWriteDeadline(time.Now().Add(s.patience))
		_, err = conn.Write(append(line, '\n'))
	}
	if err != nil {
		s.cfg.Log.Debug("a control connection did not get its answer", "err", err)
	}
}
