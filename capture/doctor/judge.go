package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// A judge makes findings of a scene.
type judge struct {
	*Scene
	*traffic // nil: no packets could be looked at
	findings []Finding
}

// Judge says what a scene shows, the machine first and then what passes.
func Judge(s *Scene) []Finding {
	j := &judge{Scene: s}
	if s.Look != nil {
		j.traffic = newTraffic(s.Look)
	}
	j.rights()
	j.links()
	if j.traffic != nil && !j.namedAreDown() {
		for _, p := range s.Question.Ports {
			j.port(p)
		}
		j.loop()
		j.copies()
		j.others()
	}
	for _, b := range s.Blind {
		j.say(OK, "not seen", "blind", b, "")
	}
	return j.findings
}

func (j *judge) say(l Level, about, cause, seen, typed string) {
	j.findings = append(j.findings, Finding{Level: l, About: about, Cause: cause, Seen: seen, Type: typed})
}

// rights judges what this process may do.
func (j *judge) rights() {
	const about = "privileges"
	who := fmt.Sprintf("user %d", j.Rights.UID)
	if j.Rights.UID == 0 {
		who = "root"
	}
	switch r := &j.Rights; {
	case r.Other != nil:
		j.say(Problem, about, "capture", fmt.Sprint("packets cannot be captured: ", r.Other), "")
	case !r.Forbidden && r.Seccomp:
		j.say(OK, about, "ok", who+" may capture packets; a seccomp filter is in force and lets that through", "")
	case !r.Forbidden:
		j.say(OK, about, "ok", who+" may capture packets", "")
	case r.NetRaw && r.Seccomp:
		j.say(Problem, about, "privilege", who+" has CAP_NET_RAW, but a seccomp filter forbids packet sockets",
			"let the filter pass socket(AF_PACKET), as those of Docker and Kubernetes do")
	case r.NetRaw:
		j.say(Problem, about, "privilege", who+" has CAP_NET_RAW, but this machine's policy forbids packet sockets",
			"allow it there (SELinux, AppArmor, or the user namespace that gor runs in)")
	case r.UID == 0:
		j.say(Problem, about, "privilege", "root without CAP_NET_RAW may not capture packets",
			"in a container: --cap-add NET_RAW, or capabilities: {add: [NET_RAW]}")
	default:
		j.say(Problem, about, "privilege", who+" may not capture packets", "sudo gor ..., or once: sudo setcap cap_net_raw+ep "+self)
	}
}

// self is what a shell finds this program's file by.
const self = "$(command -v gor)"

// anyInterface reports whether all interfaces are captured.
func (q *Question) anyInterface() bool {
	return len(q.Interfaces) == 0 || slices.Contains(q.Interfaces, "any")
}

// links judges the interfaces: those that were named, or all.
func (j *judge) links() {
	var named []string
	for _, l := range j.Links {
		if !j.Question.anyInterface() && !slices.Contains(j.Question.Interfaces, l.Name) {
			continue
		}
		switch {
		case !l.Up && !j.Question.anyInterface():
			j.say(Problem, l.Name, "interface down", "the interface is switched off", "ip link set "+l.Name+" up, or leave -i away")
		case l.Up && !l.Carrier && !l.Loopback && !j.Question.anyInterface():
			j.say(Problem, l.Name, "interface down", "the interface has no carrier: nothing is connected to it", "ip -br link shows which interfaces are up; leave -i away to take all")
		case l.Up:
			named = append(named, l.describe())
		}
	}
	if len(named) > 0 {
		const most = 6
		said := strings.Join(named[:min(len(named), most)], ", ")
		if n := len(named) - most; n > 0 {
			said += fmt.Sprintf(" and %d more", n)
		}
		j.say(OK, "interfaces", "ok", said+" up", "")
	}
}

// namedAreDown reports whether all interfaces that were named are down: links says so, and nothing can be said of what passes.
func (j *judge) namedAreDown() bool {
	return !j.Question.anyInterface() && !slices.ContainsFunc(j.Links, func(l Link) bool {
		return slices.Contains(j.Question.Interfaces, l.Name) && l.Up && (l.Carrier || l.Loopback)
	})
}

// describe is a link in a few words.
func (l *Link) describe() string {
	said := l.Name
	if l.LargestGRO > 1<<16 {
		said += fmt.Sprintf(" (packets of up to %d KiB)", l.LargestGRO>>10)
	}
	return said
}

// link is an interface by its index.
func (j *judge) link(index int) Link {
	i := slices.IndexFunc(j.Links, func(l Link) bool { return l.Index == index })
	if i < 0 {
		return Link{Index: index, Name: fmt.Sprintf("number %d", index), Up: true, Carrier: true}
	}
	return j.Links[i]
}

// others names the busiest other ports that carry HTTP.
func (j *judge) others() {
	const most = 5
	var parts []string
	for _, p := range j.busiest(most, func(s *seen) bool { return s.isRequest() && !s.own() }) {
		parts = append(parts, fmt.Sprintf("%d: HTTP/1, %s", p.port, about(p.rate)))
	}
	for _, p := range j.busiest(most, func(s *seen) bool { return s.protocol == tls }) {
		parts = append(parts, fmt.Sprintf("%d: TLS", p.port))
	}
	for _, p := range j.busiest(most, func(s *seen) bool { return s.protocol == http2 }) {
		parts = append(parts, fmt.Sprintf("%d: HTTP/2", p.port))
	}
	if len(parts) > 0 {
		j.say(OK, "other ports", "ok", strings.Join(parts[:min(len(parts), most)], "; "), "")
	}
}

// loop finds requests that a replayer has sent, and that come to a wanted port: its
// target is what is captured here.
func (j *judge) loop() {
	replayed := j.rate(func(s *seen) bool { return s.replayed && !s.Leaving && j.captures(s) })
	if replayed > 0 {
		j.say(Problem, "loop", "loop", about(replayed)+" are what a replayer has sent: one of its targets is this server, which gets users' requests twice",
			"on the replayer: give -f the address of staging, not of production")
	}
}

// copies finds out whether interfaces show the same packets.
func (j *judge) copies() {
	type packet struct {
		src, dst string
		seq      uint32
	}
	where, requests, twice := map[packet][]int{}, 0, 0
	var pair []int
	for i := range j.wanted {
		s := &j.wanted[i]
		if !s.isRequest() || !j.captures(s) {
			continue
		}
		k := packet{s.Src.String(), s.Dst.String(), s.Seq}
		if requests++; !slices.Contains(where[k], s.Iface) {
			if where[k] = append(where[k], s.Iface); len(where[k]) == 2 {
				twice++
				pair = where[k]
			}
		}
	}
	if twice == 0 || twice*4 < len(where) {
		return
	}
	a, b := j.link(pair[0]), j.link(pair[1])
	one := b.Name
	if a.Kind == "bridge" {
		one = a.Name
	}
	j.say(Warning, "copies", "copies", fmt.Sprintf("%s and %s show the same packets: each request is taken once, and each packet looked at twice", a.Name, b.Name),
		"-i "+one+" captures each once")
}
