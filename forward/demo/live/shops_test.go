//go:build linux

package live

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A bazaar is a server with the noise that servers have: times, tokens, numbers of
// requests, orders by chance, members that come and go, ETags, cookies. It has users with sessions and carts, and
// a stock that all of them take from. Two of them that get the same requests say the same of everything else, unless one of
// them is the new version: then it does a dozen things wrong, which planted lists.
type bazaar struct {
	isNew bool
	own   bool // it draws its sessions, which the other one then does not know; else they are signed with a key that both have
	began time.Time

	mu       sync.Mutex
	requests int
	orders   int
	carts    map[string][]int
	names    map[string]int
	sessions map[string]string
	stock    [50]int
}

// planted are the routes and places that a report has to have of a new bazaar.
func planted() []string {
	return []string{
		"DELETE /api/cart/{id} status changed",
		"GET /api/cart header content-type changed",
		"GET /api/flags $.beta type",
		"GET /api/items $.items[] order",
		"GET /api/items/{id}/reviews status changed",
		"GET /api/me $.address.no missing",
		"GET /api/orders/{id} $.currency changed",
		"GET /api/prices/{id} $.price changed",
		"GET /api/search slower",
		"GET /go/{id} body <a …> changed", // the same in the page that goes with it
		"GET /go/{id} header location changed",
		"GET /pages/about header x-app missing",
		"GET /pages/help body <h1> changed",
		"POST /api/orders status changed",
	}
}

func newBazaar(isNew, own bool) *bazaar {
	return &bazaar{isNew: isNew, own: own, began: time.Now(), carts: map[string][]int{}, names: map[string]int{}, sessions: map[string]string{}}
}

func (b *bazaar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	took := time.Duration(float64(time.Millisecond) * (.5 + rand.ExpFloat64()))
	if b.isNew && r.URL.Path == "/api/search" {
		took += 30 * time.Millisecond
	}
	time.Sleep(took)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	h := w.Header()
	h.Set("X-Request-Id", uuid())
	h.Set("X-App", "bazaar")
	h.Set("X-Took", fmt.Sprint(rand.IntN(100)))
	h.Set("Cache-Control", "private")
	h.Add("Set-Cookie", "seen="+uuid()+"; Path=/; HttpOnly")
	if strings.HasPrefix(r.URL.Path, "/api/") {
		b.api(w, r)
		return
	}
	b.page(w, r)
}

func uuid() string {
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", rand.Uint32(), rand.IntN(1<<16), rand.IntN(1<<12), rand.IntN(1<<16), rand.Int64N(1<<48))
}

// oneIn is true of one in n, by chance.
func oneIn(n int) bool { return rand.IntN(n) == 0 }

// page answers what is not for programs.
func (b *bazaar) page(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	switch path := r.URL.Path; {
	case path == "/login":
		b.login(w, r)
		return
	case strings.HasPrefix(path, "/go/"):
		to := "/api/items/"
		if b.isNew {
			to = "/items/"
		}
		http.Redirect(w, r, "http://"+r.Host+to+path[len("/go/"):], http.StatusFound)
		return
	case strings.HasPrefix(path, "/static/"):
		h.Set("Content-Type", "text/javascript")
		h.Set("Etag", fmt.Sprintf("%q", "v7"))
		if r.Header.Get("If-None-Match") == h.Get("Etag") {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, strings.Repeat("function app() {}\n", 100))
		return
	case path == "/pages/about" && b.isNew:
		h.Del("X-App")
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Etag", fmt.Sprintf("\"%x\"", rand.Uint32()))
	title := "Help"
	if b.isNew && r.URL.Path == "/pages/help" {
		title = "Help!"
	}
	fmt.Fprintf(w, "<html><head><title>Bazaar</title></head><body><h1>%s</h1><p>Hello, it is %s; %d visitors today.</p><form><input type=hidden name=csrf value=%016x></form><a href=http://%s/go/%d>see also</a></body></html>",
		title, time.Now().Format(time.RFC1123), b.requests, rand.Uint64(), r.Host, rand.IntN(50))
}

// login makes a session. Two bazaars of one key make the same.
func (b *bazaar) login(w http.ResponseWriter, r *http.Request) {
	sid := "signed-" + r.FormValue("user")
	if b.own {
		sid = uuid()
	}
	b.sessions[sid] = r.FormValue("user")
	w.Header().Add("Set-Cookie", "sid="+sid+"; Path=/; HttpOnly")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// api answers programs.
func (b *bazaar) api(w http.ResponseWriter, r *http.Request) {
	status, path, body := http.StatusOK, r.URL.Path, map[string]any{}
	id, _ := strconv.Atoi(path[strings.LastIndexByte(path, '/')+1:])
	user, isKnown := "", false
	if c, err := r.Cookie("sid"); err == nil {
		user, isKnown = b.sessions[c.Value]
		if name, isSigned := strings.CutPrefix(c.Value, "signed-"); isSigned {
			user, isKnown = name, true
		}
	}
	isPrivate := strings.HasPrefix(path, "/api/cart") || strings.HasPrefix(path, "/api/orders") || path == "/api/me"
	switch {
	case isPrivate && !isKnown:
		status, body["error"] = http.StatusUnauthorized, "who are you?"
	case isPrivate:
		if item := r.FormValue("item"); item != "" {
			id, _ = strconv.Atoi(item)
		}
		status = b.private(r.Method+" "+path, user, id, body)
	default:
		status = b.public(path, id, body)
	}
	w.Header().Set("Content-Type", "application/json")
	if b.isNew && r.Method+" "+path == "GET /api/cart" {
		w.Header().Set("Content-Type", "text/json")
	}
	b.noise(body)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// private answers a user about what is his.
func (b *bazaar) private(what, user string, id int, body map[string]any) (status int) {
	switch {
	case what == "GET /api/cart":
		body["items"], body["total"] = b.carts[user], 10*len(b.carts[user])
	case what == "POST /api/cart":
		b.carts[user] = append(b.carts[user], len(b.carts[user]))
		body["items"] = b.carts[user]
		return http.StatusCreated
	case strings.HasPrefix(what, "DELETE /api/cart"):
		b.carts[user] = nil
		if b.isNew {
			return http.StatusOK
		}
		return http.StatusNoContent
	case what == "POST /api/orders":
		b.orders += 1 + rand.IntN(2)
		b.stock[id]++
		b.carts[user] = nil
		body["id"], body["state"] = b.orders, "paid"
		if b.isNew && oneIn(20) {
			return http.StatusUnprocessableEntity
		}
		return http.StatusCreated
	case strings.HasPrefix(what, "GET /api/orders"):
		body["currency"] = "EUR"
		if b.isNew && oneIn(4) {
			body["currency"] = "USD"
		}
	case what == "PUT /api/me":
		b.names[user]++
		fallthrough
	default:
		address := map[string]any{"street": "Elm", "no": 7}
		if b.isNew && what == "GET /api/me" {
			delete(address, "no")
		}
		body["name"], body["version"], body["address"] = user, b.names[user], address
	}
	return http.StatusOK
}

// public answers anybody.
func (b *bazaar) public(path string, id int, body map[string]any) (status int) {
	switch {
	case path == "/api/items":
		var items []any
		for i := range 5 {
			if b.isNew {
				i = (i * 2) % 5
			}
			items = append(items, map[string]any{"id": i, "name": fmt.Sprint("thing ", i)})
		}
		body["items"] = items
	case strings.HasSuffix(path, "/reviews") && b.isNew && oneIn(20):
		body["error"] = "no such table"
		return http.StatusInternalServerError
	case strings.HasPrefix(path, "/api/prices/"):
		body["price"], body["currency"] = 100+id, "EUR"
		if b.isNew {
			body["price"] = 101 + id
		}
	case path == "/api/feed": // one comes and one goes each second
		var feed []any
		for i := range 5 {
			feed = append(feed, map[string]any{"id": int(time.Now().Unix()) + i, "text": "news"})
		}
		body["feed"] = feed
	case strings.HasPrefix(path, "/api/stock/"):
		body["stock"] = 1000 - b.stock[id]
	case path == "/api/flags":
		body["beta"] = true
		if b.isNew {
			body["beta"] = "true"
		}
	case path == "/api/flaky" && oneIn(50):
		return http.StatusServiceUnavailable
	default:
		body["thing"] = path
	}
	return http.StatusOK
}

// noise adds what differs from one answer to the next.
func (b *bazaar) noise(body map[string]any) {
	now := time.Now()
	tags := []string{"red", "green", "blue", "round"}
	rand.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
	if oneIn(3) {
		body["hint"] = "buy"
	}
	for name, v := range map[string]any{
		"now": now.Format(time.RFC3339Nano), "ms": now.UnixMilli(), "req": uuid(), "counter": b.requests, "uptime": int(now.Sub(b.began).Seconds()),
		"age": fmt.Sprint(now.Second(), " seconds ago"), "luck": rand.Float64(), "mood": []string{"fine", "well", "so-so"}[rand.IntN(3)], "tags": tags,
		"online": !oneIn(10), "load": rand.IntN(4), "csrf_token": fmt.Sprintf("%x", rand.Uint64()),
	} {
		body[name] = v
	}
}
