package referee

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gor/forward"
)

// TestSent: the command that repeats a request asks what the target was asked: its path, its Host and what else was
// changed on the way, though the body and cookies are not there to repeat.
func TestSent(t *testing.T) {
	asked := make(chan *http.Request, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked <- r; w.WriteHeader(500) }))
	defer s.Close()
	rewrite, err := forward.NewRewrite(forward.RewriteConfig{RewritePath: []string{"^/old:/new"}, RemoveHeader: []string{"Accept"}, SetHeader: []string{"X-Env: for {client}"}})
	if err != nil {
		t.Fatal(err)
	}
	specs, err := forward.ParseTargets(s.URL + "/v2")
	if err != nil {
		t.Fatal(err)
	}
	m := beginWith(t, Options{Baseline: -1}, forward.Config{Targets: specs, OriginalHost: true, Rewrite: rewrite, Mark: "Gor-Replayed"}, nil)
	for i := range uint64(5) {
		body := strings.Repeat("x", 20_000) // more than is kept of a request
		raw := fmt.Sprintf("POST /old/a HTTP/1.1\r\nHost: shop.example\r\nAccept: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		m.fwd.Submit(&forward.Request{Conn: i << 32, User: i, Raw: []byte(raw), Compare: true, Time: int64(i+1) * 1e9})
		m.Original(original(i, 0, 0, 200, ""))
		if r := <-asked; r.Host != "shop.example" || r.URL.Path != "/v2/new/a" || r.Header.Get("X-Env") != "for unknown" {
			t.Fatalf("%s of %s, %v", r.URL, r.Host, r.Header)
		}
	}
	m.end()
	want := "curl -i -X 'POST' -H 'Host: shop.example' -H 'X-Env: for unknown' -H 'Gor-Replayed: 1' --data @BODY '" + s.URL + "/v2/new/a'"
	if r := m.Report().Targets[0].Routes[0]; len(r.Examples) == 0 || r.Examples[0].Curl != want {
		t.Errorf("%+v, want %s", r.Examples, want)
	}
	if head := m.fwd.Head(0, &forward.Request{Raw: []byte("no request")}); head != nil {
		t.Errorf("%q", head)
	}
}
