package report

import "fmt"

// A Listener is what a replayer knows of a listener: what that said of itself.
type Listener struct {
	Address  string // where it sends from
	Host     string
	Version  string
	Accounts []ListenerAccount
}

// A ListenerAccount is one of a listener's counters, by the name it has there.
type ListenerAccount struct {
	Name  string
	Value uint64
}

// appendListenerMetrics appends the listeners: one sample each that says what they are, and one for each account. They
// are gauges, since a listener that is started again begins anew.
func appendListenerMetrics(dst []byte, all []Listener) []byte {
	labels := make([]string, len(all))
	for i := range all {
		labels[i] = `listener="` + escapeLabel(all[i].Address) + `",host="` + escapeLabel(all[i].Host) + `"`
	}
	dst = appendFamily(dst, "gor_replay_listener_info", "gauge", "Listeners connected, with their versions: 1 each.")
	for i := range all {
		dst = fmt.Appendf(dst, "gor_replay_listener_info{%s,version=\"%s\"} 1\n", labels[i], escapeLabel(all[i].Version))
	}
	dst = appendFamily(dst, "gor_replay_listener_account", "gauge", "What listeners say of themselves, by the names of their own accounts.")
	for i := range all {
		for _, a := range all[i].Accounts {
			dst = fmt.Appendf(dst, "gor_replay_listener_account{%s,account=\"%s\"} %d\n", labels[i], escapeLabel(a.Name), a.Value)
		}
	}
	return dst
}
