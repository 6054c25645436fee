package answers

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// TestCrowds: clients that wait for each answer are believed to where something was lost, or
// nobody saw them begin; those that do not are not, whatever times they and their servers
// take. GOR_SEEDS sets the number of crowds of each kind.
func TestCrowds(t *testing.T) {
	seeds := 12
	if s := os.Getenv("GOR_SEEDS"); s != "" {
		seeds, _ = strconv.Atoi(s)
	}
	for _, tt := range []struct {
		name   string
		kind   manner
		loss   float64
		least  float64 // the share of what is asked that is answered
		joined float64 // and where nobody saw the beginning
	}{
		{"waiting", waits, 0, 0.9, 0.6},
		{"waiting, 1 in 1000 lost", waits, 0.001, 0.88, 0.6},
		{"waiting, 1 in 100 lost", waits, 0.01, 0.6, 0.3},
		{"pipelining", pipelines, 0, 0.3, 0},
		{"pipelining, 1 in 100 lost", pipelines, 0.01, 0.1, 0},
		{"now and then", nowAndThen, 0, 0.3, 0},
		{"now and then, 1 in 100 lost", nowAndThen, 0.01, 0.1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var sum tally
			for seed := range seeds {
				n := newCrowd(rand.New(rand.NewPCG(uint64(seed), 3)), tt.kind).play(t, 10, 100, tt.loss)
				if sum.add(n); n.wrong > 0 {
					t.Errorf("seed %d: %v", seed, n)
				}
			}
			t.Log(sum)
			if float64(sum.answered) < tt.least*float64(sum.asked) || float64(sum.joinedAnswered) < tt.joined*float64(sum.joined) {
				t.Errorf("too few are answered: %v", sum)
			}
		})
	}
}

// other is another connection of the same kind of client, from another port.
func (w *wire) other(port uint16) *wire {
	o := *w
	o.client.Port, o.index = port, 0
	return &o
}

// wait has the client ask, and wait for its answer, n times.
func (w *wire) wait(n int) {
	for range n {
		w.Ask(w.ask(50))
		w.Push(w.say(ok5))
	}
}

// pipeline has the client ask twice before it has an answer.
func (w *wire) pipeline() {
	a, b := w.ask(50), w.ask(50)
	w.Ask(a)
	w.Ask(b)
	w.Push(w.say(ok5))
	w.Push(w.say(ok5))
}

// unseen is an exchange of which nothing is captured.
func (w *wire) unseen() {
	w.ask(50)
	w.say(ok5)
}

// crowded has others wait on n connections of their own, each for as many answers as make a habit.
func (w *wire) crowded(n int) {
	for i := range n {
		o := w.other(uint16(50000 + i))
		o.now = w.now
		o.wait(enough + 1)
		w.now = o.now
	}
	w.got = nil
}

// TestTrial: when a client is believed, and when not, rule by rule.
func TestTrial(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func(w *wire)
		want int // how many of the last questions are answered, with none missing behind the first
	}{
		{"it waited before something was lost", func(w *wire) {
			w.wait(enough + 1)
			w.unseen()
			w.wait(passes + 5)
		}, 5},
		{"not often enough", func(w *wire) {
			w.wait(enough)
			w.unseen()
			w.wait(passes + 50)
		}, 0},
		{"once it did not", func(w *wire) {
			w.wait(enough + 1)
			w.pipeline()
			w.unseen()
			w.wait(50)
		}, 0},
		{"an answer was lost", func(w *wire) {
			w.wait(enough + 1)
			w.Ask(w.ask(50))
			w.say(ok5)
			w.Ask(w.ask(50))
			w.Push(w.say(ok5))
			w.now += 2 * impatience
			w.Advance(w.now)
			w.Advance(w.now + tick)
			w.wait(passes + 5 - 1)
		}, 5},
		{"an answer was lost, and a request behind it", func(w *wire) {
			w.wait(enough + 1)
			w.Ask(w.ask(50))
			w.say(ok5)
			w.ask(50)
			w.Push(w.say(ok5))
			w.wait(passes + 5)
		}, 5},
		{"an answer was lost, and no time passes until hundreds have come", func(w *wire) {
			w.wait(enough + 1)
			w.Ask(w.ask(50))
			w.say(ok5)
			w.wait(2*maxAsked + passes)
		}, 2 * maxAsked},
		{"once it did not, long ago", func(w *wire) {
			w.wait(enough + 1)
			w.pipeline()
			w.now += resents
			w.conns.all[pair{w.client, w.server}].active = w.now // of a connection that was not forgotten meanwhile
			w.unseen()
			w.wait(50)
		}, 0},
		{"others waited", func(w *wire) {
			w.crowded(others)
			w.index = 1
			w.wait(strangers + 5)
		}, 5},
		{"too few others", func(w *wire) {
			w.crowded(others - 1)
			w.index = 1
			w.wait(strangers + 50)
		}, 0},
		{"others waited, and one did not", func(w *wire) {
			w.crowded(others)
			o := w.other(60000)
			o.pipeline()
			w.now, w.index = o.now, 1
			w.wait(strangers + 50)
		}, 0},
		{"that was long ago", func(w *wire) {
			w.crowded(others)
			o := w.other(60000)
			o.pipeline()
			w.now, w.index = o.now+resents, 1
			w.wait(strangers + 5)
		}, 5},
		{"an answer was sent before its request had come", func(w *wire) {
			w.crowded(others)
			w.index = 1
			w.wait(strangers + 1)
			q := w.ask(50)
			s := w.say(ok5)
			s.Ack = q.Seq
			w.Ask(q)
			w.Push(s)
			w.wait(strangers + 50)
		}, 0},
		{"a 408 is no such answer", func(w *wire) {
			w.crowded(others)
			w.index = 1
			w.wait(strangers + 1)
			q := w.ask(50)
			s := w.say("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
			s.Ack = q.Seq
			w.Ask(q)
			w.Push(s)
			w.wait(strangers + 5)
		}, 5},
		{"two answers behind one request", func(w *wire) {
			w.crowded(others)
			w.index = 1
			w.Ask(w.ask(50))
			w.Push(w.say(ok5))
			w.Push(w.say(ok5))
			w.wait(strangers + 50)
		}, 0},
		{"a body without sense", func(w *wire) {
			w.crowded(others)
			w.index = 1
			w.Ask(w.ask(50))
			w.Push(w.say(chunked + "no length\r\n"))
			w.wait(strangers + 50)
		}, 0},
		{"silence is certain where the trial is not over", func(w *wire) {
			w.Advance(w.now)
			w.now, w.index = w.now+2*quiet, 1
			w.wait(2)
			w.now += 2 * quiet
			w.rest = 2 * quiet
			w.wait(5)
		}, 5},
		{"what comes first could follow a request that was lost, where clients do not wait", func(w *wire) {
			o := w.other(60000)
			a, b := o.ask(50), o.ask(50)
			o.Ask(a)
			o.Ask(b)
			w.now, w.index, w.rest = o.now+2*quiet, 1, 2*quiet
			w.wait(5)
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var told []bool
			w := newWire(Config{Body: 1000})
			w.Reader = New(Config{Body: 1000}, func(a *Answer) {
				if a.Client == w.client {
					told = append(told, !a.Missing)
				}
			})
			tt.run(w)
			w.Close()
			n := 0
			for n < len(told) && told[len(told)-1-n] {
				n++
			}
			if n != tt.want {
				t.Errorf("%d of the last are answered, want %d: %v", n, tt.want, told)
			}
		})
	}
}

// TestBelieved: how much rests on trust is counted, and only that.
func TestBelieved(t *testing.T) {
	w := newWire(Config{})
	w.wait(enough + 1)
	w.unseen()
	w.wait(passes + 5)
	w.now += 2 * quiet
	w.rest = 2 * quiet
	w.wait(3)
	if s := w.Stats(); s.Believed != 5 || s.Answered != enough+1+5+3 || s.Missing != passes {
		t.Errorf("%+v", s)
	}
}
