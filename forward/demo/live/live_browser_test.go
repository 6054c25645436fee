//go:build linux

package live

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// browserPage asks for forty parts at once, makes five writes, with reads at the
// same time, and says when it is done.
const browserPage = `<!doctype html><script>
(async () => {
	const parts = [];
	for (let i = 0; i < 40; i++) parts.push(fetch("/part/" + i));
	await Promise.all(parts);
	for (let i = 0; i < 5; i++) {
		const beside = [fetch("/read/" + i + "a"), fetch("/read/" + i + "b")];
		await fetch("/write/" + i, {method: "POST", body: "x".repeat(1000)});
		await Promise.all(beside);
	}
	await fetch("/done", {method: "POST"});
})();
</script>`

// A session is what an application has seen of one, by its cookie.
type session map[string][]string

// sessions keep who asked for what, in its order.
type sessions struct {
	mu   sync.Mutex
	seen session
	done int
}

func (s *sessions) note(r *http.Request) {
	cookie, err := r.Cookie("PHPSESSID")
	if err != nil {
		return // the first request, before there is a session
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[cookie.Value] = append(s.seen[cookie.Value], r.Method+" "+r.URL.Path)
	if r.URL.Path == "/done" {
		s.done++
	}
}

func (s *sessions) finished() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done
}

func (s *sessions) total() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, requests := range s.seen {
		n += len(requests)
	}
	return n
}

// writes are the writes among requests.
func writes(requests []string) (all []string) {
	for _, r := range requests {
		if strings.HasPrefix(r, "POST ") {
			all = append(all, r)
		}
	}
	return all
}

// liveBrowsers mirrors real browsers, each with a session of its own and as many
// connections as it likes, through a real nginx: a share has each session whole or
// not at all, and the writes of each in their order.
func liveBrowsers(t *testing.T) {
	needTools(t, "chromium")
	const browsers = 6
	m := newMirror(t)
	app := &sessions{seen: session{}}
	next := 0
	serveHTTP(t, m.web.listen("127.0.0.1:8080"), func(w http.ResponseWriter, r *http.Request) {
		app.note(r)
		io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/" {
			app.mu.Lock()
			next++
			http.SetCookie(w, &http.Cookie{Name: "PHPSESSID", Value: fmt.Sprintf("session%d", next), Path: "/"})
			app.mu.Unlock()
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, browserPage)
		}
	})
	m.runNginx(t.TempDir(), proxies(80, 8080))
	half, all := &sessions{seen: session{}}, &sessions{seen: session{}}
	slow := func(s *sessions) http.HandlerFunc {
		return func(_ http.ResponseWriter, r *http.Request) {
			s.note(r)
			io.Copy(io.Discard, r.Body)
			time.Sleep(50 * time.Millisecond)
		}
	}
	serveHTTP(t, m.stage.listen(":8001"), slow(half))
	serveHTTP(t, m.stage.listen(":8002"), slow(all))
	m.replay("-f", "http://"+stageIP+":8001|50%,http://"+stageIP+":8002")
	m.listener = m.web.gor("listen", "-i", "lo", "-p", "8080", "-r", wireAddr)
	for n := range browsers {
		b := m.client.start(nil, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
			"--user-data-dir="+t.TempDir(), "--remote-debugging-port=0", "http://10.99.1.1/")
		for limit := time.Now().Add(patience); app.finished() <= n; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatalf("browser %d is not done; %d requests so far; it says\n%s", n, app.total(), b.stderr.String())
			}
		}
		b.kill()
	}
	awaitCount(all.total, app.total())
	time.Sleep(200 * time.Millisecond)
	m.listener.interrupt()
	m.replayer.interrupt()
	finalAccounts(t, m.replayer).checkTargets(t)
	for id, requests := range app.seen {
		if got := all.seen[id]; len(got) != len(requests) || fmt.Sprint(writes(got)) != fmt.Sprint(writes(requests)) {
			t.Errorf("%s: %d of %d requests at the target of all; writes %q", id, len(got), len(requests), writes(got))
		}
		if got := half.seen[id]; len(got) != 0 && (len(got) != len(requests) || fmt.Sprint(writes(got)) != fmt.Sprint(writes(requests))) {
			t.Errorf("%s: %d of %d requests at the target of a half; writes %q", id, len(got), len(requests), writes(got))
		}
	}
	if len(app.seen) != browsers || len(half.seen) == 0 || len(half.seen) == browsers {
		t.Errorf("%d sessions, of which a half has %d", len(app.seen), len(half.seen))
	}
	t.Logf("%d sessions, %d requests; a half has %d sessions", len(app.seen), app.total(), len(half.seen))
}
