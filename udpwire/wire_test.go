package udpwire

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"
)

func TestEndToEnd(t *testing.T) {
	for _, secret := range []string{"", "a secret of many letters"} {
		for _, mtu := range []int{0, 1500} {
			t.Run(fmt.Sprintf("secret=%t mtu=%d", secret != "", mtu), func(t *testing.T) { endToEnd(t, []byte(secret), mtu) })
		}
	}
}

func endToEnd(t *testing.T, secret []byte, mtu int) {
	log := slog.New(slog.DiscardHandler)
	recv, err := Listen(ReceiverConfig{Addr: "127.0.0.1:0", Secret: secret, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	sum, count := sha256.New(), 0
	go func() {
		done <- recv.Run(ctx, func(m *Message) {
			if m.Index != uint64(count) {
				t.Errorf("message %d came as %d", m.Index, count)
			}
			count++
			sum.Write(m.Body)
		})
	}()
	send, err := Dial(SenderConfig{Replayers: []string{recv.Addr().String()}, Secret: secret, MTU: mtu, Wait: true, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	want := sha256.New()
	n := 20000
	body := make([]byte, 20<<20)
	for i := range body[:1<<20] {
		body[i] = byte(i * 7)
	}
	for i := range n {
		m := Message{User: 1, Index: uint64(i), Time: time.Now().UnixNano(), Src: netip.MustParseAddrPort("10.0.0.1:999"), Dst: netip.MustParseAddrPort("[::1]:80")}
		m.Body = body[:i%3000]
		binary.BigEndian.PutUint64(body, uint64(i))
		if i == n/2 {
			m.Body = body
		}
		want.Write(m.Body)
		if err := send.Send(&m); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			send.Flush()
		}
	}
	cctx, ccancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer ccancel()
	if err := send.Close(cctx); err != nil {
		t.Error(err)
	}
	cancel()
	<-done
	t.Logf("%+v", send.Stats())
	t.Logf("%+v", recv.Stats())
	if count != n {
		t.Errorf("%d of %d", count, n)
	}
	if string(want.Sum(nil)) != string(sum.Sum(nil)) {
		t.Error("content differs")
	}
}
