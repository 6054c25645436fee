package capture

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkAnswersMachine says what a packet that leaves costs the whole machine
// more, in CPU time, where answers are captured: one that is refused for what it
// is, or since its connection is not of the share, and one that is taken, and
// decoded. Each has its turn five times, beside a turn without any socket, and the
// medians count.
func BenchmarkAnswersMachine(b *testing.B) {
	send := leavingPackets(b)
	head := "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 300\r\n\r\n" + strings.Repeat("b", 300)
	body := strings.Repeat("b", 1400)
	for b.Loop() {
		for _, tt := range []struct {
			name, payload string
			share         float64
		}{{"body", body, 1}, {"head-of-others", head, 0}, {"head", head, 1}} {
			packet := ip4Bytes(6, 0, 1, answerBytes(80, 40000, ACK|PSH, 12, tt.payload))
			var with, without []float64
			for range 5 {
				without = append(without, cpuOf(b, func() { send(packet) }))
				with = append(with, cpuOf(b, func() { capturing(b, tt.share, tt.name == "head", func() { send(packet) }) }))
			}
			slices.Sort(with)
			slices.Sort(without)
			b.ReportMetric(with[len(with)/2]-without[len(without)/2], "us/"+tt.name)
		}
	}
	b.ReportMetric(0, "ns/op")
}

// otherNamespace makes another network namespace, and returns the thread that has
// it. The device d1 comes up there.
func otherNamespace(b *testing.B) (tid int) {
	made, end := make(chan int), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		if unix.Unshare(unix.CLONE_NEWNET) == nil {
			tid = unix.Gettid()
		}
		made <- tid
		for exec.Command("ip", "link", "set", "d1", "up").Run() != nil {
			select {
			case <-end:
				return
			case <-time.After(time.Millisecond):
			}
		}
		<-end
	}()
	if tid = <-made; tid == 0 {
		b.Skip("there are no network namespaces")
	}
	b.Cleanup(func() { close(end) })
	return tid
}

// awaitUp waits until a device has a carrier.
func awaitUp(b *testing.B, name string) {
	for range 1000 {
		if i, err := net.InterfaceByName(name); err == nil && i.Flags&net.FlagRunning != 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	b.Fatal("the device does not come up")
}

// capturing calls f while answers are captured and read; taken says whether f's are.
func capturing(b *testing.B, share float64, taken bool, f func()) {
	r, err := OpenRing(RingConfig{Ports: []uint16{80}, Direction: In, Answers: &AnswerFilter{Share: ShareOf(share)}})
	if err != nil {
		b.Fatal(err)
	}
	var reader sync.WaitGroup
	reader.Go(func() { readAnswers(r) })
	f()
	time.Sleep(2 * answersRetireMillis * time.Millisecond)
	if st := r.Stats(); st.AnswerDrops > 0 || (st.AnswerPackets > 0) != taken {
		b.Fatalf("%+v", st)
	}
	r.Close()
	reader.Wait()
}

// sentAtOnce is how many packets a turn sends.
const sentAtOnce = 200_000

// leavingPackets returns what sends packets to another network
// namespace, which drops them.
func leavingPackets(b *testing.B) (send func(packet []byte)) {
	if os.Geteuid() != 0 {
		b.Skip("a network namespace and packet sockets need root")
	}
	runtime.LockOSThread() // and never unlocked: the thread ends with the benchmark
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		b.Skip(err)
	}
	for _, line := range []string{
		"link set lo up", "link add d0 type veth peer name d1 netns " + strconv.Itoa(otherNamespace(b)), "addr add 10.0.0.1/24 dev d0",
		"link set d0 up", "neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev d0",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			b.Skipf("ip %s: %v: %s", line, err, out)
		}
	}
	awaitUp(b, "d0")
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { unix.Close(fd) })
	return func(packet []byte) {
		for range sentAtOnce {
			if err := unix.Sendto(fd, packet, 0, &unix.SockaddrInet4{Addr: [4]byte{10, 0, 0, 2}}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// readAnswers decodes what comes until the ring is closed.
func readAnswers(r *Ring) {
	d, segs := NewDecoder(DecoderConfig{Ports: []uint16{80}}), make([]Segment, 128)
	for {
		if _, err := r.Next(d, segs); errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// cpuOf is the CPU time in microseconds that this process takes for f, for each of
// the packets sent.
func cpuOf(b *testing.B, f func()) float64 {
	used := func() (us float64) {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		for _, t := range []unix.Timeval{u.Utime, u.Stime} {
			us += float64(t.Sec)*1e6 + float64(t.Usec)
		}
		return us
	}
	began := used()
	f()
	return (used() - began) / sentAtOnce
}
