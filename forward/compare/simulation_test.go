package compare

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gor/forward/compare/diff"
)

// A world has two servers with the same data, both with the noise that servers have,
// users who ask them, and what is planted at the target.
type world struct {
	rnd     *rand.Rand
	engine  *Engine
	now     int64 // nanoseconds since 1970
	planted bool
	counter [2]int
	index   uint64
	echoes  []*Exchange
	failed  map[string]uint64 // exchanges in which only the target's status is not 200, by the path's end
}

const began = int64(1772600767) * int64(time.Second)

func newWorld(t testing.TB, seed uint64, planted bool, echo float64) *world {
	w := &world{rnd: rand.New(rand.NewPCG(seed, 1)), now: began, planted: planted, failed: map[string]uint64{}}
	var err error
	w.engine, err = New(Config{Targets: []string{"http://staging"}, Baseline: -1, EchoShare: echo, Echo: func(x *Exchange) { w.echoes = append(w.echoes, x.clone()) }})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// run has users make so many requests, about a hundred per second.
func (w *world) run(n int) {
	for i := range n {
		w.now += w.rnd.Int64N(int64(20 * time.Millisecond))
		w.exchange(w.request())
		if i%100 == 0 {
			w.advance()
		}
	}
	w.now += int64(2 * time.Second)
	w.advance()
}

func (w *world) advance() {
	w.engine.Advance(time.Duration(w.now - began))
	for _, x := range w.echoes {
		x.Answer = w.answer(1, string(x.Method), string(x.Path), w.now)
		w.engine.Echo(x)
	}
	w.echoes = w.echoes[:0]
}

// targets of the requests, with the numbers of things in them.
var targets = []string{
	"GET /", "GET /api/items", "GET /api/items/%d", "GET /api/items/%d/reviews", "GET /api/cart", "POST /api/cart", "POST /api/orders", "GET /api/orders/%d",
	"GET /api/me", "PUT /api/me", "GET /api/feed", "GET /api/search?q=%d", "GET /api/status", "GET /static/app.js", "GET /pages/about", "GET /pages/help",
	"DELETE /api/cart/%d", "GET /api/prices/%d", "GET /api/flags", "HEAD /api/items", "GET /go/%d", "GET /api/flaky",
}

func (w *world) request() (method, path string, user int) {
	method, path, _ = strings.Cut(targets[w.rnd.IntN(len(targets))], " ")
	if strings.Contains(path, "%d") {
		path = fmt.Sprintf(path, w.rnd.IntN(50))
	}
	return method, path, w.rnd.IntN(40)
}

// exchange is one request at both servers. The target's answer comes up to 300 ms later,
// and either half may be the first that is known.
func (w *world) exchange(method, path string, user int) {
	w.index++
	raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: a\r\nCookie: sid=%d\r\n\r\n", method, path, user)
	then := w.answer(0, method, path, w.now)
	now := w.answer(1, method, path, w.now+w.rnd.Int64N(int64(300*time.Millisecond)))
	x := &Exchange{Key: Key{uint64(user), w.index}, User: uint64(user), Method: []byte(method), Path: []byte(path), Raw: []byte(raw), Time: w.now, Answer: now}
	if then.Status == 200 && now.Status != 200 {
		w.failed[path[strings.LastIndexByte(path, '/'):]]++
	}
	if w.rnd.IntN(2) == 0 {
		w.engine.Original(x.Key, then)
		w.engine.Response(x)
	} else {
		w.engine.Response(x)
		w.engine.Original(x.Key, then)
	}
}

// answer is what a server says at a moment.
func (w *world) answer(server int, method, path string, at int64) *diff.Answer {
	w.counter[server]++
	t := time.Unix(0, at).UTC()
	took := time.Duration(float64(time.Millisecond) * (2 + float64(len(path)%7)*5) * (.5 + w.rnd.ExpFloat64()))
	a := &diff.Answer{Status: 200, At: at, State: diff.Whole, Fields: []diff.Field{
		{Name: "date", Value: t.Format(time.RFC1123)}, {Name: "content-type", Value: "application/json"}, {Name: "etag", Value: fmt.Sprintf("\"%x\"", w.rnd.Uint32())},
		{Name: "x-request-id", Value: w.uuid()}, {Name: "x-app", Value: "shop"}, {Name: "x-took", Value: fmt.Sprint(w.rnd.IntN(100))},
		{Name: "set-cookie", Value: "seen=" + w.uuid() + "; Path=/; HttpOnly"},
	}}
	plant := w.planted && server == 1
	body := w.body(method, path, server, t, plant)
	switch {
	case path == "/api/flaky" && w.rnd.IntN(50) == 0:
		a.Status = 503
	case strings.HasPrefix(path, "/go/"):
		a.Status = 302
		host := []string{"www.shop.example", "staging"}[server]
		a.Fields = append(a.Fields, diff.Field{Name: "location", Value: "http://" + host + "/api" + path})
	case plant && strings.HasSuffix(path, "/reviews") && w.rnd.IntN(20) == 0:
		a.Status = 500
	case plant && method == "POST" && path == "/api/orders" && w.rnd.IntN(20) == 0:
		a.Status = 422
	case plant && path == "/pages/about":
		a.Fields = a.Fields[:4] // X-App and what follows
	}
	if took *= time.Duration(1 + server); plant && strings.HasPrefix(path, "/api/search") {
		took *= 2
	}
	a.Took = took + time.Duration(server)*3*time.Millisecond
	if method == "HEAD" {
		body = ""
	}
	a.Body, a.BodyLen = []byte(body), int64(len(body))
	return a
}

func (w *world) uuid() string {
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", w.rnd.Uint32(), w.rnd.IntN(1<<16), w.rnd.IntN(1<<16), w.rnd.IntN(1<<16), w.rnd.Int64N(1<<48))
}

// noise is what a JSON answer has that differs from one to the next.
func (w *world) noise(server int, t time.Time) string {
	tags := []string{`"red"`, `"green"`, `"blue"`, `"round"`}
	w.rnd.Shuffle(len(tags), func(i, j int) { tags[i], tags[j] = tags[j], tags[i] })
	maybe := ""
	if w.rnd.IntN(3) == 0 {
		maybe = `"hint":"buy",`
	}
	return fmt.Sprintf(`%s"now":%q,"ms":%d,"req":%q,"counter":%d,"uptime":%d,"age":"%d seconds ago","luck":%g,"mood":%q,"tags":[%s],"online":%v,"load":%d,"csrf_token":"%x"`,
		maybe, t.Format(time.RFC3339Nano), t.UnixMilli(), w.uuid(), w.counter[server], (t.UnixNano()-began)/1e9+int64(server)*77, (t.Unix()-began/1e9)%60,
		w.rnd.Float64(), []string{"fine", "well", "so-so"}[w.rnd.IntN(3)], strings.Join(tags, ","), w.rnd.IntN(10) > 0, w.rnd.IntN(4), w.rnd.Uint64())
}

func (w *world) body(method, path string, server int, t time.Time, plant bool) string {
	noise := w.noise(server, t)
	id := path[strings.LastIndexAny(path, "/=")+1:]
	switch {
	case path == "/" || strings.HasPrefix(path, "/pages"):
		return fmt.Sprintf("<html><p>Hello</p><input name=csrf value=%x></html>", w.rnd.Uint64())
	case strings.HasPrefix(path, "/static"):
		return "function app() {}"
	case path == "/api/items":
		order := w.rnd.Perm(5)
		if !plant {
			order = []int{0, 1, 2, 3, 4}
		}
		return fmt.Sprintf(`{%s,"items":[%s]}`, noise, strings.Join(items(order), ","))
	case path == "/api/feed":
		var all []int
		for i := range 5 {
			all = append(all, int(t.Unix()-began/1e9)/30+i) // one goes, one comes, every 30 s
		}
		return fmt.Sprintf(`{%s,"feed":[%s]}`, noise, strings.Join(items(all), ","))
	case strings.HasPrefix(path, "/api/prices"):
		price := 100 + 3*len(id)
		if plant {
			price++
		}
		return fmt.Sprintf(`{%s,"price":%d,"currency":"EUR"}`, noise, price)
	case strings.HasPrefix(path, "/api/orders"):
		currency := "EUR"
		if plant && method == "GET" && w.rnd.IntN(4) == 0 {
			currency = "USD"
		}
		return fmt.Sprintf(`{%s,"order":%d,"currency":%q}`, noise, w.counter[server]*2, currency)
	case path == "/api/me" && !(plant && method == "GET"):
		return fmt.Sprintf(`{%s,"name":"Ann","address":{"street":"Elm","no":7}}`, noise)
	case path == "/api/me":
		return fmt.Sprintf(`{%s,"name":"Ann","address":{"street":"Elm"}}`, noise)
	}
	return fmt.Sprintf(`{%s,"thing":%q}`, noise, id)
}

func items(ids []int) (all []string) {
	for _, i := range ids {
		all = append(all, fmt.Sprintf(`{"id":%d,"name":"thing %d"}`, i, i))
	}
	return all
}

// reported lists what a report says is different, and slower.
func reported(r *Report) (all []string) {
	for _, t := range r.Targets {
		for _, route := range t.Routes {
			for _, p := range route.Paths {
				all = append(all, route.Route+": "+p.Path+" "+p.What)
			}
			if route.Slower {
				all = append(all, route.Route+": slower")
			}
		}
	}
	return all
}
