package report

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gor/capture"
	"gor/forward"
	"gor/reassembly"
	"gor/reassembly/recording"
	"gor/reassembly/sniffer"
	"gor/reassembly/users"
	"gor/udpwire"
)

// everyStats are all types of accounts that a command shows, by their group's name
// and the type's. A new one belongs here.
func everyStats() []Group {
	return []Group{
		{"requests", reassembly.Stats{}},
		{"users", users.Counts{}},
		{"packets", capture.DecoderStats{}},
		{"kernel", capture.Stats{}},
		{"read", recording.Stats{}},
		{"print", sniffer.PrinterStats{}},
		{"recording", capture.RecorderStats{}},
		{"wire", udpwire.SenderStats{}},
		{"wire", udpwire.ReceiverStats{}},
	}
}

// TestEveryDeclaration: each counter of gor has a name, a unit and a sentence that
// explains it, and each tag is one that this package knows.
func TestEveryDeclaration(t *testing.T) {
	for _, g := range everyStats() {
		for _, fault := range faults(reflect.TypeOf(g.Stats)) {
			t.Errorf("%T: %s", g.Stats, fault)
		}
	}
	undeclared := []string{"Target: no name", "Limit: no name", "Elapsed: no name", // shown by functions of their own, as are the histograms
		"Latency: a hist.Histogram cannot be shown", "Wait: a hist.Histogram cannot be shown"}
	if got := faults(reflect.TypeFor[forward.TargetStats]()); !slices.Equal(got, undeclared) {
		t.Errorf("forward.TargetStats: %q", got)
	}
}

// TestEveryMetric: what Prometheus gets of every part is well-formed, with the
// names it always had.
func TestEveryMetric(t *testing.T) {
	r := &Reporter{cfg: Config{Command: "listen"}}
	all := everyStats()
	listen := string(r.appendMetrics(nil, Snapshot{Groups: all[:len(all)-1]}))
	checkExposition(t, listen)
	r = &Reporter{cfg: Config{Command: "replay"}}
	replay := string(r.appendMetrics(nil, Snapshot{Groups: all[len(all)-1:], Targets: exampleStats()}))
	checkExposition(t, replay)
	for _, name := range []string{
		"gor_listen_requests_captured_total", `gor_listen_requests_total{fate="too_large"}`, `gor_listen_requests_total{fate="sent"}`, "gor_listen_requests_open", "gor_listen_requests_memory_bytes",
		"gor_listen_requests_streams_tls_total", "gor_listen_packets_fragments_shed_total", "gor_listen_kernel_drops_total",
		"gor_listen_wire_messages_pending", "gor_listen_wire_rejected_unknown_session_total", "gor_listen_wire_round_trip_seconds",
		"gor_replay_wire_socket_dropped_total", "gor_replay_wire_partial_bytes", "gor_replay_wire_partial_evicted_total",
		`gor_replay_received_total{target="http://staging"}`, `gor_replay_in_flight_requests{target="http://staging"}`,
	} {
		if !strings.Contains(listen+replay, "\n"+name+" ") {
			t.Errorf("no sample of %s", name)
		}
	}
}

// TestEveryTrouble: an operator learns of these in the next line.
func TestEveryTrouble(t *testing.T) {
	var r registry
	var got []string
	for _, g := range everyStats() {
		for d := range r.declarations(reflect.TypeOf(g.Stats)) {
			if d.trouble && !strings.HasPrefix(d.name, "rejected_") {
				got = append(got, g.Name+"."+d.name)
			}
		}
	}
	want := strings.Fields(`requests.gap requests.truncated requests.shed requests.queue_full requests.connections_evicted
		packets.bad_checksum packets.cut_header packets.cut packets.fragments_shed kernel.drops kernel.freezes kernel.truncated kernel.answer_drops kernel.interfaces_gone
		kernel.damaged read.files_damaged read.lines_bad print.dropped recording.record_dropped recording.record_dropped_bytes
		wire.messages_lost wire.bytes_lost wire.queue_full wire.datagrams_lost wire.send_errors_unreachable wire.send_errors_denied wire.send_errors_other wire.messages_waiting wire.replayers_down
		wire.messages_lost wire.bytes_lost wire.datagrams_lost wire.socket_dropped
		wire.send_errors_unreachable wire.send_errors_denied wire.send_errors_other wire.partial_evicted`)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// faults lists what is wrong with the declarations of a Stats type.
func faults(t reflect.Type) (list []string) {
	add := func(name, format string, args ...any) { list = append(list, name+": "+fmt.Sprintf(format, args...)) }
	for _, f := range reflect.VisibleFields(t) {
		switch {
		case f.Anonymous:
		case f.Tag.Get("name") == "":
			add(f.Name, "no name")
		case !f.IsExported():
			add(f.Name, "not exported")
		case !countable(f.Type):
			add(f.Name, "a %v cannot be shown", f.Type)
		default:
			for _, fault := range tagFaults(f) {
				add(f.Name, "%s", fault)
			}
		}
	}
	var r registry
	seen := map[string]bool{}
	for d := range r.declarations(t) {
		example := d.of("200")
		switch sentence := regexp.MustCompile(`^[A-Z0-9].*[.]$`); {
		case seen[d.name]:
			add(d.name, "twice")
		case !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(example.name) || strings.Contains(example.metric, verb):
			add(d.name, "not a name")
		case d.help == "":
			add(d.name, "no help")
		case !sentence.MatchString(d.help):
			add(d.name, "help %q is no sentence", d.help)
		case d.unit == "":
			add(d.name, "no unit")
		}
		seen[d.name] = true
	}
	return list
}

// tagFaults lists what is wrong with a field's tags apart from name, unit and help.
func tagFaults(f reflect.StructField) (list []string) {
	allowed := map[string][]string{
		"name": nil, "unit": nil, "help": nil, "metric": nil,
		"kind": {"gauge"}, "trouble": {"yes"}, "final": {"no"}, "line": {"yes", "no", "always"}, "label": {"fate", "code", "kind"}, "view": {"yes"},
	}
	for _, tag := range regexp.MustCompile(`([a-z]+):"([^"]*)"`).FindAllStringSubmatch(string(f.Tag), -1) {
		switch values, known := allowed[tag[1]]; {
		case !known:
			list = append(list, "unknown tag "+tag[1])
		case values != nil && !slices.Contains(values, tag[2]):
			list = append(list, tag[0])
		}
	}
	if many := f.Type.Kind() == reflect.Map || f.Type.Kind() == reflect.Array; many != strings.Contains(f.Tag.Get("name"), verb) {
		list = append(list, "no verb in its name")
	}
	return list
}
