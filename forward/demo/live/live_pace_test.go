//go:build linux

package live

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// paceTime is for how long a recording is played whose pace is looked at. Other packages'
// tests run beside this one as a rule: whoever says the time says that nothing does.
var paceTime = flag.Duration("pace", 0, "for how long TestRecordingPace plays each recording, on a machine that does nothing else: then they have to be on time; 0: 2s, and nothing is made of it")

// onTime is how late 99 of 100 requests may arrive there. A machine that wakes one of 100
// sleepers later than quietAwake is too busy to be on time for anybody: there it is said
// how late they are, and nothing is made of it.
const (
	onTime     = 5 * time.Millisecond
	quietAwake = time.Millisecond
)

// TestRecordingPace: what gor says of when requests were due and started is what a
// server sees, and tcpdump on the wire; none starts before its time, and with -pace 99 of 100
// arrive within 5 ms of it. Each connection's requests are in order at every speed.
func TestRecordingPace(t *testing.T) {
	needRoot(t)
	needTools(t, "tcpdump")
	for _, tt := range []struct {
		speed       string
		rate, times int // as recorded, per second; and times as fast
	}{{"1", 2000, 1}, {"10", 250, 10}, {"max", 2000, 0}} {
		t.Run("speed "+tt.speed, func(t *testing.T) {
			n := newNamespace(t)
			server := n.newArrivals("127.0.0.1:8000")
			count := scaled(int(cmp.Or(*paceTime, 2*time.Second).Seconds() * float64(tt.rate*max(tt.times, 1))))
			per := time.Duration(0) // from one request to the next
			if tt.times > 0 {
				per = time.Second / time.Duration(tt.rate*tt.times)
			}
			list, dir := timedList(t, count, tt.rate, paceConns), t.TempDir()
			each, whole, tape := filepath.Join(dir, "each.csv"), filepath.Join(dir, "run.json"), filepath.Join(dir, "tape.pcap")
			dump := n.start(nil, "tcpdump", "-i", "lo", "-s", "256", "-B", "65536", "-U", "--immediate-mode", "-Z", "root", "-w", tape, "tcp dst port 8000")
			dump.await("listening on")
			sleeper := n.start(asRole("sleeper"), "/proc/self/exe", time.Duration(count*int(per)).String())
			p := n.start(nil, gorBinary(t), "replay", "--read", list, "-f", "127.0.0.1:8000", "--speed", tt.speed, "--report", each, "--report", whole)
			code := p.wait()
			if kept := scheduleKept(t, p, code); kept && code != 0 {
				t.Fatalf("status %d:\n%s", code, p.stderr.String())
			}
			sleeper.wait()
			awaitCount(func() int { return len(requestsOnTape(t, tape)) }, count)
			dump.cmd.Process.Signal(os.Interrupt)
			dump.wait()
			a := arrival{rows: readCSV(t, each), began: runBegan(t, whole), per: per}
			if len(a.rows) != count {
				t.Fatalf("%d requests of %d in the report", len(a.rows), count)
			}
			awake, err := time.ParseDuration(strings.TrimSpace(sleeper.stdout.String()))
			if err != nil {
				t.Fatal(err)
			}
			if t.Logf("99 of 100 sleepers were awake within %v", awake); awake > quietAwake {
				t.Log("the machine is busy: how late requests are says nothing")
			}
			if awake <= quietAwake && *paceTime > 0 {
				a.most = onTime
			}
			server.check(t, &a)
			taped := arrivals{name: "on the wire", at: requestsOnTape(t, tape)}
			taped.check(t, &a)
		})
	}
}

const paceConns = 200 // of the recording

// An arrival is what the requests of a run are held against that arrived.
type arrival struct {
	rows  []csvRow
	began time.Time     // of the run
	per   time.Duration // from one request to the next; 0: none is due
	most  time.Duration // how late 99 of 100 may be; 0: nobody can say
}

// arrivals is where it is noted when each number came, such as a server.
type arrivals struct {
	name string
	mu   sync.Mutex
	at   map[int]time.Time
}

func (n *namespace) newArrivals(addr string) *arrivals {
	n.t.Helper()
	a := &arrivals{name: "at the server", at: map[int]time.Time{}}
	ln := n.listen(addr)
	srv := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		now := time.Now()
		i, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/items/"))
		a.mu.Lock()
		a.at[i] = now
		a.mu.Unlock()
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(ln)
	}()
	n.t.Cleanup(func() { srv.Close(); <-done })
	return a
}

// check holds what came when against what was to come.
func (a *arrivals) check(t *testing.T, want *arrival) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	count := len(want.rows)
	if len(a.at) != count {
		t.Fatalf("%s: %d requests came, want %d", a.name, len(a.at), count)
	}
	for i := paceConns; i < count; i++ {
		if before := a.at[i-paceConns]; !a.at[i].After(before) {
			t.Errorf("%s: request %d came before the one before it on its connection", a.name, i)
		}
	}
	if want.per == 0 {
		return
	}
	var late, off []time.Duration // arrived after it was due, and after it was started
	for _, row := range want.rows {
		if due := time.Duration(row.number) * want.per; (row.due-due).Abs() > time.Microsecond || row.started < row.due {
			t.Fatalf("request %d is due after %v, want %v, and started after %v", row.number, row.due, due, row.started)
		}
		at := a.at[row.number].Sub(want.began)
		late, off = append(late, at-row.due), append(off, at-row.started)
	}
	slices.Sort(late)
	slices.Sort(off)
	t.Logf("%s, after they were due: median %v, 99 %% %v, all %v; after they were started: %v, %v, %v",
		a.name, late[count/2], late[count*99/100], late[count-1], off[count/2], off[count*99/100], off[count-1])
	if want.most > 0 && late[count*99/100] > want.most {
		t.Errorf("%s: 99 of 100 came within %v, want %v", a.name, late[count*99/100], want.most)
	}
	const clocks = 100 * time.Microsecond // two of them are read, and the packets' has microseconds
	if late[0] < -clocks || off[0] < -clocks {
		t.Errorf("%s: a request came %v after it was due, one %v after it was started", a.name, late[0], off[0])
	}
}

// runBegan is when a run began, as its report says.
func runBegan(t *testing.T, file string) time.Time {
	t.Helper()
	var r struct{ Began time.Time }
	if err := json.Unmarshal([]byte(readFile(t, file)), &r); err != nil {
		t.Fatal(err)
	}
	return r.Began
}

// requestsOnTape is when the first packet with each number was on the wire.
func requestsOnTape(t *testing.T, tape string) map[int]time.Time {
	t.Helper()
	at := map[int]time.Time{}
	b := []byte(readFile(t, tape))
	const begins = "GET /items/"
	for b = b[min(24, len(b)):]; len(b) >= 16; {
		size := 16 + int(binary.LittleEndian.Uint32(b[8:]))
		if len(b) < size {
			break // it is being written
		}
		if i := bytes.Index(b[16:size], []byte(begins)); i >= 0 {
			digits, _, _ := bytes.Cut(b[16+i+len(begins):size], []byte(" "))
			number, err := strconv.Atoi(string(digits))
			if err != nil {
				t.Fatal(err)
			}
			if _, again := at[number]; !again {
				at[number] = time.Unix(int64(binary.LittleEndian.Uint32(b)), 1000*int64(binary.LittleEndian.Uint32(b[4:])))
			}
		}
		b = b[size:]
	}
	return at
}

// sleep wakes up 500 times a second for a while, and says how late the machine does that
// in 99 of 100 cases: this is all that this process does.
func sleep(lasting string, report io.Writer) error {
	d, err := time.ParseDuration(lasting)
	if err != nil {
		return err
	}
	var late []time.Duration
	for start, due := time.Now(), time.Duration(0); due < d; due += 2 * time.Millisecond {
		for wait := due - time.Since(start); wait > 0; wait = due - time.Since(start) {
			ts := unix.NsecToTimespec(int64(wait))
			unix.Nanosleep(&ts, nil) // a signal may end it early
		}
		late = append(late, time.Since(start)-due)
	}
	if len(late) > 0 {
		slices.Sort(late)
		_, err = fmt.Fprintln(report, late[len(late)*99/100])
	} else {
		_, err = fmt.Fprintln(report, time.Duration(0))
	}
	return err
}

// A csvRow is what the tests need of a row of the CSV report.
type csvRow struct {
	number       int
	due, started time.Duration
}

func readCSV(t *testing.T, file string) (rows []csvRow) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(bufio.NewReader(f)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seconds := func(s string) time.Duration {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(v * 1e9)
	}
	for _, row := range all[1:] {
		number, err := strconv.Atoi(strings.TrimPrefix(row[5], "/items/"))
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, csvRow{number, seconds(row[6]), seconds(row[7])})
	}
	return rows
}
