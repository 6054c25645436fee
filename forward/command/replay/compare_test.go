package replay

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gor/forward/compare"
	"gor/forward/results"
)

// newShop is a server with what differs by itself: a time, a request's number, an order
// by chance. The new one has faults: a status, a field that is gone, one that is wrong.
func newShop(t *testing.T, isNew bool) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	say := func(w http.ResponseWriter, status int, body map[string]any) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", fmt.Sprintf("%016x", rand.Uint64()))
		body["now"] = time.Now().UnixNano()
		b, err := json.Marshal(body)
		if err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
		w.Write(b)
	}
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
		body := map[string]any{"id": r.PathValue("id"), "name": "item " + r.PathValue("id"), "stock": 7}
		if isNew {
			delete(body, "stock")
		}
		say(w, 200, body)
	})
	mux.HandleFunc("GET /prices/{id}", func(w http.ResponseWriter, r *http.Request) {
		price := 100
		if isNew {
			price = 101
		}
		say(w, 200, map[string]any{"price": price})
	})
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		if isNew {
			say(w, 500, map[string]any{"error": "no such table"})
			return
		}
		say(w, 200, map[string]any{"order": r.PathValue("id")})
	})
	mux.HandleFunc("GET /fine/{id}", func(w http.ResponseWriter, r *http.Request) { say(w, 200, map[string]any{"fine": true}) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// shopping are requests to all routes of a shop, n of each.
func shopping(n int) (paths []string) {
	for i := range n {
		for _, route := range []string{"items", "prices", "orders", "fine"} {
			paths = append(paths, fmt.Sprintf("/%s/%d", route, i))
		}
	}
	return paths
}

// compared is what a JSON report says of comparing.
func compared(t *testing.T, file string) (exit int, report *compare.Report) {
	t.Helper()
	var r struct {
		ExitStatus int `json:"exit_status"`
		Comparison *compare.Report
	}
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r.ExitStatus, r.Comparison
}

// checkShop checks that the faults of a new shop are found, and nothing else.
func checkShop(t *testing.T, report *compare.Report) {
	t.Helper()
	if report == nil || len(report.Targets) != 1 {
		t.Fatalf("%+v", report)
	}
	want := map[string]string{"GET /items/{id}": "$.stock", "GET /prices/{id}": "$.price", "GET /orders/{id}": "status", "GET /fine/{id}": ""}
	for _, route := range report.Targets[0].Routes {
		var paths []string
		for _, p := range route.Paths {
			paths = append(paths, p.Path)
		}
		expected, known := want[route.Route]
		delete(want, route.Route)
		all := strings.Join(paths, " ")
		switch {
		case !known, expected == "" && all != "", expected != "" && !strings.Contains(" "+all+" ", " "+expected+" "):
			t.Errorf("%s: %q differ, want %q: %+v", route.Route, all, expected, route.Fates)
		case strings.Contains(all, "now") || strings.Contains(all, "x-request-id"):
			t.Errorf("%s: noise is reported: %q", route.Route, all)
		}
	}
	if len(want) > 0 {
		t.Errorf("nothing is said of %v", want)
	}
}

// TestCompareTargets: of two targets the one is held against the other; what differs is
// named, a bound for it is one, and what differs by itself alone is nothing.
func TestCompareTargets(t *testing.T) {
	for _, isNew := range []bool{true, false} {
		past, next := newShop(t, false), newShop(t, isNew)
		out := filepath.Join(t.TempDir(), "report.json")
		page := filepath.Join(t.TempDir(), "report.html")
		file := list(t, time.Millisecond, 8, shopping(100)...)
		status, stderr := gor(t, "--read", file, "-f", past.URL+","+next.URL, "--compare-to", past.URL, "--echo", "100%", "--speed", "0.2",
			"--report", out, "--report", page, "--fail-above", "different=1%")
		_, report := compared(t, out)
		html, err := os.ReadFile(page)
		if err != nil || report == nil {
			t.Fatalf("%v: %s", err, stderr)
		}
		f := report.Targets[0].Fates
		if f.Compared != 400 || f.NoOriginal+f.NoResponse+f.Expired+f.Waiting != 0 {
			t.Errorf("%+v", f)
		}
		says, exit := "ok        different=1%: 0% at "+next.URL, 0
		if isNew {
			says, exit = "EXCEEDED  different=1%: 75.0% at "+next.URL, 3
			checkShop(t, report)
			if !strings.Contains(string(html), "GET /prices/{id}") || !strings.Contains(string(html), "$.price") {
				t.Error("the page does not say it")
			}
		} else if f.Same != 400 {
			t.Errorf("%+v, of the same", f)
		}
		// A machine that runs other tests, too, may be too slow for the schedule.
		if status != exit && status != results.ExitSchedule || !strings.Contains(stderr, says) || strings.Contains(stderr, "% at "+past.URL) {
			t.Errorf("status %d, without %q:\n%s", status, says, stderr)
		}
	}
}

// TestCompareNothing: without originals nothing is said of comparing, and a bound for
// what differs cannot be judged, which is no success.
func TestCompareNothing(t *testing.T) {
	shop := newShop(t, false)
	file := list(t, 0, 1, "/fine/1", "/fine/2")
	out := filepath.Join(t.TempDir(), "report.json")
	status, stderr := gor(t, "--read", file, "-f", shop.URL, "--speed", "max", "--report", out)
	if _, report := compared(t, out); status != 0 || report != nil || strings.Contains(stderr, "compare") {
		t.Errorf("status %d, %+v\n%s", status, report, stderr)
	}
	status, stderr = gor(t, "--read", file, "-f", shop.URL, "--speed", "max", "--fail-above", "different=100%")
	if status != 1 || !strings.Contains(stderr, "nothing was compared") {
		t.Errorf("status %d\n%s", status, stderr)
	}
}
