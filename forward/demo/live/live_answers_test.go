//go:build linux

package live

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"gor/capture"
)

// TestLiveAnswers pairs every answer of a real server with its request, whatever kind
// it is of, from two clients, by IPv4 and IPv6: heads alone, with bodies, and of a
// share of the connections.
func TestLiveAnswers(t *testing.T) {
	for _, tt := range []struct {
		share float64
		args  []string
	}{
		{1, []string{"--responses", "100%"}},
		{0.5, []string{"--responses", "50%"}},
		{1, []string{"--responses", "100%", "--response-body", "16KiB"}},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			t.Parallel()
			needTools(t, "curl")
			m := newMirror(t)
			truth := m.startAnswering()
			h := m.receiveHalves()
			m.listen(tt.args...)
			four, six := variety{m: m, host: webAddr, name: "four", workers: 6, each: 80}, variety{m: m, host: "[fd99:1::1]:80", name: "six", workers: 6, each: 80}
			four.run()
			for i := range 10 { // what curl does on one connection
				args := []string{"-sS", "-o", "/dev/null"}
				if i%3 == 0 {
					args = append(args, "-I")
				}
				for j, path := range []string{"/text", "/none", "/file", "/packed", "/huge", "/missing"} {
					args = append(args, "--compressed", fmt.Sprintf("http://10.99.1.1%s?id=curl-%d-%d", path, i, j), "-o", "/dev/null")
				}
				m.client.command("curl", args...)
			}
			six.run()
			share := capture.ShareOf(tt.share)
			inShare := func(a netip.AddrPort) bool { e := capture.EndpointOf(a); return share.Has(&e) }
			h.await(len(truth()), 1)
			m.listener.interrupt()
			h.stop()
			h.check(truth(), inShare)
			a := finalAccounts(t, m.listener)
			if t.Failed() || a.Kernel["answer_drops"] != 0 || a.Kernel["answer_packets"] == 0 || a.Responses["sent"] != uint64(len(h.responses)) {
				t.Errorf("%v %v %v %v", a.Kernel, a.Requests, a.Answers, a.Responses)
			}
		})
	}
}
