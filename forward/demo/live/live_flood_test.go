//go:build linux

package live

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A flood is what somebody sends to a replayer from addresses that are not theirs.
type flood struct {
	t      *testing.T
	fd     int
	frames [][]byte // Ethernet frames, one of each kind of datagram
	rng    *rand.Rand
	sent   atomic.Int64
	stop   chan struct{}
	ended  chan struct{}
}

// Where things lie in an Ethernet frame with IPv4 and UDP, and in a datagram of the wire.
const (
	inIP      = 14
	inUDP     = inIP + 20
	inWire    = inUDP + 8
	inSession = inWire + 8
	inNumber  = inWire + 16
	inBody    = inWire + 24
)

// newFlood makes a flood of datagrams as the wire's specification has them, from web to the replayer.
func (m *mirror) newFlood(t *testing.T, sealed bool) *flood {
	f := &flood{t: t, rng: rand.New(rand.NewPCG(1, 2)), stop: make(chan struct{}), ended: make(chan struct{})}
	var to, from *net.Interface
	var err error
	m.stage.do(func() { to, err = net.InterfaceByName("s0") })
	if err == nil {
		m.web.do(func() {
			if from, err = net.InterfaceByName("w1"); err == nil {
				f.fd, err = openFrames("w1")
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"hello", "begin", "data_messages", "heartbeat", "gone", "piece", "status"} {
		if sealed {
			kind += "_sealed"
		}
		f.frames = append(f.frames, frameTo(to.HardwareAddr, from.HardwareAddr, wireDatagram(t, kind)))
	}
	return f
}

// wireDatagram is a recorded datagram of a kind.
func wireDatagram(t *testing.T, kind string) []byte {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "wire", kind+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// frameTo is an Ethernet frame with a datagram for the replayer. UDP's checksum is left out, as IPv4 allows.
func frameTo(to, from net.HardwareAddr, d []byte) []byte {
	b := append(append(append([]byte{}, to...), from...), 0x08, 0x00)
	b = append(b, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 10, 99, 2, 2)
	binary.BigEndian.PutUint16(b[inIP+2:], uint16(28+len(d)))
	b = append(b, 0, 0, 28020>>8, 28020&0xff, 0, 0, 0, 0)
	binary.BigEndian.PutUint16(b[inUDP+4:], uint16(8+len(d)))
	return append(b, d...)
}

// next is a frame from another address and port, that speaks of another session with another number, or has another random.
func (f *flood) next() []byte {
	b := f.frames[0]
	if f.rng.IntN(4) == 0 {
		b = f.frames[f.rng.IntN(len(f.frames))]
	}
	binary.BigEndian.PutUint32(b[inIP+12:], 11<<24|f.rng.Uint32()>>8)
	binary.BigEndian.PutUint16(b[inUDP:], 1024+uint16(f.rng.IntN(60000)))
	if f.rng.IntN(2) == 0 { // else it is as somebody sent it once
		binary.BigEndian.PutUint64(b[inSession:], f.rng.Uint64())
		binary.BigEndian.PutUint64(b[inNumber:], f.rng.Uint64()>>f.rng.IntN(64))
		binary.BigEndian.PutUint64(b[inBody:], f.rng.Uint64())
	}
	b[inIP+10], b[inIP+11] = 0, 0
	sum := uint32(0)
	for i := inIP; i < inUDP; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(b[inIP+10:], ^uint16(sum))
	return b
}

// run sends so many datagrams per second until close.
func (f *flood) run(rate int) {
	defer close(f.ended)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-f.stop:
			return
		case <-tick.C:
		}
		for range rate / 100 {
			if _, err := unix.Write(f.fd, f.next()); err == nil {
				f.sent.Add(1)
			}
		}
	}
}

// close ends it.
func (f *flood) close() {
	close(f.stop)
	<-f.ended
	unix.Close(f.fd)
}

// TestLiveFlood: somebody sends all kinds of datagrams from everywhere, new ones and such as were heard before. Listeners
// that come meanwhile are served, and the replayer's process takes little more memory. With -full 80,000 come per second.
func TestLiveFlood(t *testing.T) {
	for _, secret := range []string{"", "correct horse battery staple"} { // that of the recorded datagrams
		name, args := "plain", []string(nil)
		if secret != "" {
			name, args = "sealed", []string{"--secret-file", secretFile(t, secret)}
		}
		t.Run(name, func(t *testing.T) {
			m := newMirror(t)
			for _, set := range []string{"all", "s0"} {
				m.stage.command("sysctl", "-q", "-w", "net.ipv4.conf."+set+".rp_filter=0")
			}
			m.stage.ip("route add default via 10.99.2.1")
			m.startServer()
			m.replay(args...)
			visit := func(first uint64) *load {
				m.listen(args...)
				l := m.newLoad(first, 500)
				l.rate = 1000
				m.run(l)
				m.sink.await(int(first) + 499)
				m.listener.interrupt()
				finalAccounts(t, m.listener).checkListener(t)
				return l
			}
			loads := []*load{visit(1)}
			before := m.replayer.highWater()
			f := m.newFlood(t, secret != "")
			rate, visits := 20_000, 3
			if *full {
				rate, visits = 80_000, 10
			}
			go f.run(rate)
			for i := range visits {
				loads = append(loads, visit(uint64(501+500*i)))
			}
			f.close()
			grown := m.replayer.highWater() - before
			m.replayer.interrupt()
			replay := finalAccounts(t, m.replayer)
			m.sink.check(t, loads...)
			t.Logf("%d datagrams, %d of them rejected; the process took %d KiB more", f.sent.Load(), rejected(replay), grown>>10)
			if rejected(replay) < uint64(f.sent.Load())/8 {
				t.Errorf("only %d of %d datagrams were rejected", rejected(replay), f.sent.Load())
			}
			if grown > 16<<20 {
				t.Errorf("the replayer took %d bytes more", grown)
			}
			if t.Failed() {
				t.Logf("replayer: %v\n%s", replay, m.replayer.stderr.String())
			}
		})
	}
}

// rejected is how many datagrams a replayer did not accept.
func rejected(a accounts) (n uint64) {
	for name, count := range a.Wire {
		if strings.HasPrefix(name, "rejected_") {
			n += count
		}
	}
	return n
}
