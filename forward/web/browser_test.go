package web

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gor/forward"
	"gor/forward/compare"
)

// The page in a real browser.
func TestBrowser(t *testing.T) {
	b := newBrowser(t)
	for _, tt := range []struct {
		name string
		test func(*testing.T, *browser)
	}{{"looks", testLooks}, {"lives", testLives}, {"hostile names", testHostileNames}} {
		t.Run(tt.name, func(t *testing.T) {
			b.tab(t)
			tt.test(t, b)
		})
	}
}

// testLooks: on a telephone and on a desk, in light and dark, nothing
// is wider than the screen, nothing is complained of, and what there is is shown.
func testLooks(t *testing.T, b *browser) {
	w := newWorld("http://staging:8080", "http://dev.internal.example.com:8080/v2|25%")
	p := pageOf(t, w)
	p.cfg.Compared = examples
	busy(p, w)
	p.wg.Go(p.serve)
	url := "http://" + p.socket.Addr().String() + "/"
	for _, width := range []int{1280, 390} {
		for _, scheme := range []string{"light", "dark"} {
			b.open(url, width, scheme)
			b.await("document.getElementById('state').textContent", "live")
			b.await("document.querySelectorAll('#river .target').length", "2")
			b.await("document.querySelectorAll('#plots svg').length", "3")
			b.await("document.querySelectorAll('#listeners tr').length", "3")
			b.await("document.querySelectorAll('#routes tr').length > 6", "true")
			b.await("document.getElementById('differ').hidden", "false")
			b.eval("document.querySelectorAll('details').forEach((d) => d.open = true)")
			if got := b.eval("document.documentElement.scrollWidth"); got != fmt.Sprint(width) {
				t.Errorf("%d pixels, %s: the page is %s wide", width, scheme, got)
			}
			dark := b.eval("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 28)"
			if dark != (scheme == "dark") {
				t.Errorf("%s: the background is %s", scheme, b.eval("getComputedStyle(document.body).backgroundColor"))
			}
			if png := b.shot(fmt.Sprintf("page-%d-%s", width, scheme), width); len(png) < 10_000 {
				t.Errorf("a picture of %d bytes", len(png))
			}
		}
	}
	if said := b.complaints(); said != "" {
		t.Errorf("the page complains: %s", said)
	}
}

// testLives: what is shown goes on, survives a reload, the choice of another time, and the end of
// the replayer; and it can be saved as a file that shows the same without one.
func testLives(t *testing.T, b *browser) {
	w := newWorld("http://staging:8080")
	p := pageOf(t, w)
	busy(p, w)
	p.wg.Go(p.serve)
	url := "http://" + p.socket.Addr().String() + "/"
	b.open(url, 1280, "light")
	b.await("document.getElementById('state').textContent", "live")
	answered := "document.querySelector('#targets tr:nth-child(2) td:nth-child(4)').textContent"
	before := b.eval(answered)
	w.answer(0, 250_000, 200, 1)
	b.await(answered+" !== "+fmt.Sprintf("%q", before), "true")
	points := "document.querySelector('#plots .line.s0:not(.dash)').getAttribute('d').length > 1000"
	b.await(points, "true")
	b.call("Page.reload", nil)
	b.await("document.readyState === 'complete' && document.getElementById('state').textContent", "live")
	b.await(points, "true")
	for _, button := range []string{"1", "2", "3"} {
		b.eval("document.querySelector('#choice button:nth-child(" + button + ")').click()")
		b.await("document.querySelector('#choice button:nth-child("+button+")').getAttribute('aria-pressed')", "true")
		b.await("document.querySelectorAll('#river .target').length", "1")
	}
	shown := b.eval("document.getElementById('river').textContent")

	resp, err := http.Get(url + "save")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	saved := readAll(t, resp.Body)
	p.Close()
	b.await("document.getElementById('state').textContent", "no connection")
	b.complaints() // of the lost connection
	file := filepath.Join(t.TempDir(), "saved.html")
	if err := os.WriteFile(file, []byte(saved), 0o600); err != nil {
		t.Fatal(err)
	}
	b.open("file://"+file, 390, "dark")
	b.await("document.readyState === 'complete' && document.getElementById('state').textContent", "saved")
	b.eval("document.querySelector('#choice button:nth-child(3)').click()")
	b.await("document.getElementById('river').textContent === "+fmt.Sprintf("%q", shown), "true")
	b.await("document.getElementById('save').hidden", "true")
	b.shot("saved-390-dark", 390)
	if said := b.complaints(); said != "" {
		t.Errorf("the saved page complains: %s", said)
	}
}

// testHostileNames: names of strangers are text, whatever they are.
func testHostileNames(t *testing.T, b *browser) {
	w := newWorld(hostile...)
	p := pageOf(t, w)
	p.cfg.Compared = func() *compare.Report {
		var all []compare.RouteReport
		for _, name := range hostile {
			all = append(all, compare.RouteReport{Route: name, Target: name, Fates: compare.Fates{Compared: 2, Different: 1}, Reasons: map[string]uint64{name: 1},
				Paths:    []compare.PathReport{{Path: name, What: name}},
				Examples: []compare.Example{{Request: name, Curl: name, Differences: []compare.Difference{{Path: name, What: name, Then: name, Now: name}}}}})
		}
		return &compare.Report{Targets: []compare.TargetReport{{Routes: all}}}
	}
	p.cfg.Machine, p.cfg.Version = hostile[0], hostile[1]
	for i, name := range hostile {
		w.listener(i, name, name, "requests_captured", 100, "requests_"+name, 7, "requests_sent", 93, "wire_messages_lost", 1)
		for target := range hostile {
			p.Take(&forward.Outcome{Target: target, Method: []byte(name), Path: []byte("/" + name), Status: 200})
		}
	}
	w.answer(0, 600, 200, 1)
	busy(p, w)
	p.wg.Go(p.serve)
	b.open("http://"+p.socket.Addr().String()+"/", 390, "light")
	b.await("document.getElementById('state').textContent", "live")
	b.await("document.querySelectorAll('#listeners tr').length", fmt.Sprint(len(hostile)+1))
	b.await("document.querySelectorAll('img, main script, iframe, object, [onload], [onerror], a:not(#save)').length", "0")
	b.await("document.title.startsWith('gor replay on <img')", "true")
	b.await("document.querySelectorAll('script').length", "2")
	if got := b.eval("document.documentElement.scrollWidth"); got != "390" {
		t.Errorf("the page is %s wide", got)
	}
	b.shot("hostile-390-light", 390)
	if said := b.complaints(); said != "" {
		t.Errorf("the page complains: %s", said)
	}
	data, _, err := p.frameSince(w.at, 0)
	if err != nil || strings.ContainsAny(string(data), "<>") {
		t.Errorf("%v: a saved page's data could end their element: %.200s", err, data)
	}
}
