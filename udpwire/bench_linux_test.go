package udpwire

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// cpu is the processor time the process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// threadCPU is the processor time a thread has used.
func threadCPU(b *testing.B, id int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/schedstat", id))
	if err != nil {
		b.Fatal(err)
	}
	var ns int64
	if _, err := fmt.Sscan(string(text), &ns); err != nil {
		b.Fatal(err)
	}
	return time.Duration(ns)
}

// BenchmarkWire sends messages through a real socket on loopback until all have arrived. The datagram size of 1452
// bytes is that of an Ethernet path; "large" is what loopback gets.
func BenchmarkWire(b *testing.B) {
	for _, size := range []int{300, 1200, 20000} {
		for _, mtu := range []int{1500, 0} {
			for _, secret := range []string{"", "secret"} {
				path := map[int]string{1500: "1500", 0: "large"}[mtu]
				b.Run(fmt.Sprintf("%dB/mtu=%s/sealed=%t", size, path, secret != ""), func(b *testing.B) {
					benchmarkWire(b, size, mtu, []byte(secret))
				})
			}
		}
	}
}

func benchmarkWire(b *testing.B, size, mtu int, secret []byte) {
	recv, err := Listen(ReceiverConfig{Addr: "127.0.0.1:0", Secret: secret})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	var got atomic.Uint64
	thread := make(chan int, 1)
	go func() {
		runtime.LockOSThread() // so that its time can be told from the sender's
		defer runtime.UnlockOSThread()
		thread <- unix.Gettid()
		done <- recv.Run(ctx, func(*Message) { got.Add(1) })
	}()
	receiver := <-thread
	send, err := Dial(SenderConfig{Replayers: []string{recv.Addr().String()}, Secret: secret, MTU: mtu, Wait: true})
	if err != nil {
		b.Fatal(err)
	}
	m := Message{Src: netip.MustParseAddrPort("10.0.0.1:40000"), Dst: netip.MustParseAddrPort("10.0.0.2:80"), Body: make([]byte, size)}
	n := uint64(0)
	message := func() {
		n++
		m.User, m.Index, m.Time = n%64, n, int64(n)*50
		if err := send.Send(&m); err != nil {
			b.Fatal(err)
		}
	}
	for range 1000 {
		message()
	}
	send.Flush()
	for got.Load() < n {
		time.Sleep(time.Millisecond)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	begin, beginReceiver := cpu(), threadCPU(b, receiver)
	for b.Loop() {
		message()
	}
	send.Flush()
	for got.Load() < n {
		time.Sleep(100 * time.Microsecond)
	}
	both, receiving := cpu()-begin, threadCPU(b, receiver)-beginReceiver
	b.ReportMetric(float64((both-receiving).Nanoseconds())/float64(b.N), "send-cpu-ns/op")
	b.ReportMetric(float64(receiving.Nanoseconds())/float64(b.N), "recv-cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	b.StopTimer()
	close, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	if err := send.Close(close); err != nil {
		b.Fatal(err)
	}
	cancel()
	<-done
	if st := recv.Stats(); st.MessagesReceived != n {
		b.Fatalf("%d of %d arrived", st.MessagesReceived, n)
	}
}

// TestNothingAllocated: in steady state neither side allocates per message.
func TestNothingAllocated(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		recv, err := Listen(ReceiverConfig{Addr: "127.0.0.1:0", Secret: []byte(secret)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done, arrived := make(chan error, 1), make(chan struct{}, 1)
		const batch = 10000
		got := 0
		go func() {
			done <- recv.Run(ctx, func(*Message) {
				if got++; got%batch == 0 {
					arrived <- struct{}{}
				}
			})
		}()
		send, err := Dial(SenderConfig{Replayers: []string{recv.Addr().String()}, Secret: []byte(secret), MTU: 1500})
		if err != nil {
			t.Fatal(err)
		}
		m := Message{Src: netip.MustParseAddrPort("10.0.0.1:40000"), Dst: netip.MustParseAddrPort("10.0.0.2:80"), Body: make([]byte, 300)}
		n := int64(0)
		allocs := testing.AllocsPerRun(20, func() {
			for range batch {
				n++
				m.User, m.Time = uint64(n%64), n*50
				if err := send.Send(&m); err != nil {
					t.Fatal(err)
				}
			}
			send.Flush()
			<-arrived
		})
		if allocs > batch/50 {
			t.Errorf("%.0f allocations for %d messages", allocs, batch)
		}
		limit, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		if err := send.Close(limit); err != nil {
			t.Error(err)
		}
		cancel()
		<-done
	})
}

// BenchmarkPlainWrite is the yardstick: a system call per message on either side, and nothing else.
func BenchmarkPlainWrite(b *testing.B) {
	in, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	in.SetReadBuffer(4 << 20)
	var got atomic.Int64
	go func() {
		buf := make([]byte, 2048)
		for {
			if _, _, err := in.ReadFromUDPAddrPort(buf); err != nil {
				return
			}
			got.Add(1)
		}
	}()
	out, err := net.Dial("udp4", in.LocalAddr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	d := make([]byte, 300)
	b.SetBytes(300)
	b.ReportAllocs()
	begin := cpu()
	for b.Loop() {
		if _, err := out.Write(d); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu()-begin).Nanoseconds())/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	b.ReportMetric(100*float64(got.Load())/float64(b.N), "%arrived")
}

// BenchmarkRawGSO is the limit: full calls of datagrams of 1,452 bytes, each of four messages of 300 bytes and what
// fills it, read by as few calls as possible; no header, no number, no copy. Some may find no room: nobody asks.
func BenchmarkRawGSO(b *testing.B) {
	const segment, perSegment, segments = 1452, 4, 44
	in, err := listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	recv, err := newReceiveSocket(in, receiveBuffer, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	var got atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for recv.read(time.Time{}) == nil {
			recv.each(func(d []byte, _ source) { got.Add(perSegment) })
		}
	}()
	conn, err := net.DialUDP("udp", nil, in.LocalAddr().(*net.UDPAddr))
	if err != nil {
		b.Fatal(err)
	}
	send, err := newSendSocket(conn, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, segments*segment)
	b.SetBytes(300)
	b.ReportAllocs()
	begin, n := cpu(), 0
	for b.Loop() {
		if n++; n%(perSegment*segments) == 0 {
			for {
				if _, err := send.write(buf, segment); err == nil {
					break
				} else if err != errWouldBlock {
					b.Fatal(err)
				}
			}
		}
	}
	b.ReportMetric(float64((cpu()-begin).Nanoseconds())/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	b.ReportMetric(100*float64(got.Load())/float64(b.N), "%arrived")
	send.close()
	in.Close()
	<-done
}
