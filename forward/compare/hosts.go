package compare

import (
	"bytes"
	"net/url"
	"strings"
	"sync"

	"gor/forward/compare/diff"
	"gor/reassembly/http1"
)

// maxHosts is how many of production's hosts are remembered.
const maxHosts = 256

// A host that a server may call itself by has so many bytes.
const leastHost, mostHost = 4, 255

// isNoHost reports whether a character is in no host's name or address.
func isNoHost(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_:[]", r))
}

// hosts knows what the servers are called in requests: production's name is in the
// request as it was captured, the target's in its URL, and so is the baseline's.
type hosts struct {
	targets []string

	mu    sync.Mutex
	known map[string]*diff.Names // by production's
}

func (h *hosts) init(cfg *Config, target int) {
	h.targets = []string{hostOf(cfg.Targets[target])}
	if cfg.Baseline >= 0 {
		h.targets = append(h.targets, hostOf(cfg.Targets[cfg.Baseline]))
	}
}

func hostOf(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	return u.Host
}

// of is what servers may call themselves in the answers to a request with these fields.
func (h *hosts) of(section []byte) *diff.Names {
	var host []byte
	if line, _ := http1.CutKind(section, http1.FieldHost); line != nil {
		host = http1.ParseField(line).Value
	}
	if len(host) < leastHost || len(host) > mostHost || bytes.ContainsFunc(host, isNoHost) {
		host = nil // what a client has made up would be looked for in every text
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if n, ok := h.known[string(host)]; ok {
		return n
	}
	if len(h.known) >= maxHosts || h.known == nil {
		h.known = map[string]*diff.Names{}
	}
	n := diff.NewNames(append([]string{string(host)}, h.targets...)...)
	h.known[string(host)] = n
	return n
}
