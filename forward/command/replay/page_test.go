package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gor/udpwire"
)

// shown is what a page shows that the tests look at.
type shown struct {
	Now struct {
		Rivers struct {
			Start struct {
				Source          string
				Began, Received uint64
				Unsent          []struct {
					Name string
					N    uint64
				}
				Targets []struct {
					Name  string
					Parts []struct {
						Kind, Name string
						N          uint64
					}
				}
			}
		}
		Listeners []struct {
			Host, Version string
			Captured      uint64
		}
	}
	Routes []struct {
		Route   string
		Targets []struct{ Requests, Errors uint64 }
	}
}

// awaitPage asks for the page's file until it shows what is wanted.
func awaitPage(t *testing.T, address string, isWanted func(*shown) bool) *shown {
	t.Helper()
	last := ""
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); time.Sleep(50 * time.Millisecond) {
		resp, err := http.Get("http://" + address + "/save")
		if err != nil {
			last = err.Error()
			continue
		}
		page, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		_, data, _ := strings.Cut(string(page), `id="data">`)
		data, _, _ = strings.Cut(data, "</script>")
		s := &shown{}
		if err := json.Unmarshal([]byte(data), s); err != nil {
			t.Fatalf("%v in %.300s", err, page)
		}
		if isWanted(s) {
			return s
		}
		last = data
	}
	t.Fatalf("the page shows %s", last)
	return nil
}

// freeAddress is one of the loopback that nobody uses, for UDP as for TCP.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// The page of a replayer shows what a listener said of itself, what came over the wire,
// and what became of it at each target and route.
func TestPageOfWire(t *testing.T) {
	server, web, wire := newServer(t), freeAddress(t), freeAddress(t)
	written := filepath.Join(t.TempDir(), "r.json")
	ip, port, _ := net.SplitHostPort(wire)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan string)
	go func() {
		_, stderr := gorUntil(t, ctx, "-ip", ip, "-p", port, "-f", server.URL+"|methods-safe,"+server.URL, "--web", web, "--report", written)
		ended <- stderr
	}()
	sender, err := udpwire.Dial(udpwire.SenderConfig{Replayers: []string{wire}})
	if err != nil {
		t.Fatal(err)
	}
	sender.Announce(func() udpwire.Status {
		return udpwire.Status{Version: "1.2.3", Host: "web1", Accounts: []udpwire.Account{
			{Name: "requests_captured", Value: 36}, {Name: "requests_sent", Value: 30}, {Name: "requests_filtered", Value: 6}, {Name: "wire_messages_sent", Value: 30},
		}}
	})
	for i := range 30 {
		method, path := "GET", fmt.Sprintf("/200/users/%d", i)
		if i%3 == 0 {
			method, path = "DELETE", "/500"
		}
		m := udpwire.Message{Conn: uint64(i + 1), Body: []byte(method + " " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")}
		if err := sender.Send(&m); err != nil {
			t.Fatal(err)
		}
	}
	sender.Flush()
	s := awaitPage(t, web, func(s *shown) bool {
		return s.Now.Rivers.Start.Began == 36 && len(s.Routes) == 2 && s.Routes[0].Targets[0].Requests == 20 && len(s.Routes[0].Targets) == 2 && s.Routes[0].Targets[1].Requests == 20 &&
			len(s.Routes[1].Targets) == 2 && s.Routes[1].Targets[1].Requests == 10
	})
	river := &s.Now.Rivers.Start
	if river.Source != "captured" || river.Received != 30 || len(river.Unsent) != 1 || river.Unsent[0].Name != "filtered" || river.Unsent[0].N != 6 {
		t.Errorf("%+v", river)
	}
	if len(s.Now.Listeners) != 1 || s.Now.Listeners[0].Host != "web1" || s.Now.Listeners[0].Version != "1.2.3" || s.Now.Listeners[0].Captured != 36 {
		t.Errorf("%+v", s.Now.Listeners)
	}
	if s.Routes[0].Route != "GET /{id}/users/{id}" || s.Routes[1].Route != "DELETE /{id}" || s.Routes[1].Targets[0].Requests != 0 || s.Routes[1].Targets[1].Errors != 10 {
		t.Errorf("%+v", s.Routes)
	}
	parts := map[string]uint64{}
	for i, target := range river.Targets {
		for _, p := range target.Parts {
			parts[fmt.Sprint(i, p.Kind, p.Name)] = p.N
		}
	}
	if len(river.Targets) != 2 || parts["0code200"] != 20 || parts["0fatefiltered"] != 10 || parts["1code200"] != 20 || parts["1code500"] != 10 {
		t.Errorf("%v", parts)
	}
	if err := sender.Close(t.Context()); err != nil {
		t.Error(err)
	}
	cancel()
	if stderr := <-ended; !strings.Contains(stderr, "the page is served") {
		t.Errorf("%s", stderr)
	}
	if text, err := os.ReadFile(written); err != nil || !strings.Contains(string(text), `"started":30`) {
		t.Errorf("beside the page the report has %.300s, %v", text, err)
	}
}

// The page of a recording that is played shows how much of it went where.
func TestPageOfRecording(t *testing.T) {
	server, web := newServer(t), freeAddress(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		gorUntil(t, ctx, "--read", list(t, time.Hour, 1, "/200", "/404", "/200"), "-f", server.URL, "--speed", "3600000", "--loop", "1000000", "--web", web)
	}()
	s := awaitPage(t, web, func(s *shown) bool { return s.Now.Rivers.Start.Received > 20 && len(s.Routes) > 0 })
	if river := &s.Now.Rivers.Start; river.Source != "read" || river.Began < river.Received || river.Began == 0 || s.Routes[0].Route != "GET /{id}" {
		t.Errorf("%+v", s)
	}
	cancel()
	<-ended
}
