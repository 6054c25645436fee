package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// absence says why nothing that could be a request is seen at a port. What can be
// proven comes first: sockets that receive what is not seen, servers in other
// namespaces; then what is likely.
func (j *judge) absence(p uint16) {
	name := fmt.Sprintf("port %d", p)
	if j.receivesUnseen(p) || j.translated(p) || j.otherNamespace(p) {
		return
	}
	if len(j.UnixHops) > 0 && j.plainHop() == 0 && serversOf(j.Servers, p) == "" {
		j.unix(p, "nothing is seen here")
		return
	}
	if others := j.busiest(3, func(s *seen) bool { return s.isRequest() && !s.own() }); len(others) > 0 && !j.anyCaptured() {
		var parts []string
		for _, o := range others {
			parts = append(parts, fmt.Sprintf("port %d (%s)", o.port, about(o.rate)))
		}
		j.say(Problem, name, "wrong port", "nothing is seen here; there are requests to "+strings.Join(parts, ", "), fmt.Sprintf("-p %d", others[0].port))
		return
	}
	if secured := j.busiest(1, func(s *seen) bool { return s.protocol == tls }); len(secured) > 0 && !j.anyCaptured() {
		j.say(Problem, name, "tls", fmt.Sprintf("nothing is seen here; the only web traffic is TLS, to port %d", secured[0].port),
			"listen where TLS ends: on the port, or the machine, behind the proxy or load balancer")
		return
	}
	j.silence(p)
}

// anyCaptured reports whether requests to another wanted port are: then nothing is
// wrong with the question.
func (j *judge) anyCaptured() bool {
	return j.rate(func(s *seen) bool { return s.isRequest() && !s.replayed && j.captures(s) }) > 0
}

// silence says that nothing was seen, and nothing of why.
func (j *judge) silence(p uint16) {
	name := fmt.Sprintf("port %d", p)
	segments := j.rate(func(s *seen) bool { return s.Dst.Port == p && len(s.Payload) > 0 && !s.own() && j.captures(s) })
	server := serversOf(j.Servers, p)
	switch {
	case segments > 0:
		j.say(Warning, name, "no request", fmt.Sprintf("packets with data came, and no request begins in them%s", j.servers(p)),
			"wait longer: a large upload shows no beginning; else see that this port speaks HTTP/1")
	case j.programmed() != "":
		if server == "" {
			server = "nobody listens"
		}
		link := j.programmed()
		j.say(Warning, name, "xdp", fmt.Sprintf("%s here, and nothing came in %.0f seconds; a program on %s (XDP) gets packets before they can be seen, and may have kept them", server, j.look.Elapsed.Seconds(), link),
			"ip -d link show dev "+link+" names it; capture where it hands packets on, or pass them on from it")
	case server != "":
		j.say(Warning, name, "silence", fmt.Sprintf("%s here, and nothing came in %.0f seconds", server, j.look.Elapsed.Seconds()),
			j.visit(p))
	default:
		j.say(Problem, name, "nobody", fmt.Sprintf("nobody listens here, and nothing passed in %.0f seconds", j.look.Elapsed.Seconds()),
			"run it on the machine, and in the network namespace, of the web server; see gor help where")
	}
}

// receivesUnseen finds sockets of the port that receive what no packet socket sees:
// their clients' packets come with another port, or before anybody can look.
func (j *judge) receivesUnseen(p uint16) bool {
	name := fmt.Sprintf("port %d", p)
	if slices.ContainsFunc(j.wanted, func(s seen) bool { return s.Dst.Port == p }) {
		return false // what comes is seen, whatever it is
	}
	var bytes uint64
	for _, c := range j.Connections {
		if c.Local.Port() != p {
			continue
		}
		bytes += c.Received
		for i := range j.traffic.elsewhere {
			if s := &j.traffic.elsewhere[i]; s.Src.AddrPort() == c.Remote && s.Dst.Port != p {
				j.translation(p, s.Dst.Port)
				return true
			}
		}
	}
	if bytes == 0 {
		return false
	}
	if link := j.programmed(); link != "" {
		j.say(Problem, name, "xdp", fmt.Sprintf("sockets have received %d bytes, and no packet was seen: a program on %s (XDP) takes them before", bytes, link),
			"capture behind it, such as in the container or on another interface; ip link shows the program")
		return true
	}
	j.say(Problem, name, "unseen", fmt.Sprintf("sockets have received %d bytes, and no packet was seen with this port", bytes),
		"what brings them: ss -tinp sport = "+fmt.Sprint(p)+"; a redirection, an eBPF program or a user space network?")
	return true
}

// translated finds requests that arrive for a port where nobody listens, while
// somebody listens on the wanted one: they can only be for that.
func (j *judge) translated(p uint16) bool {
	if serversOf(j.Servers, p) == "" || j.anyCaptured() {
		return false // where other wanted ports have requests, this one may just be quiet
	}
	for _, o := range j.busiest(3, func(s *seen) bool { return s.isRequest() && !s.Leaving && !s.OtherHost }) {
		if serversOf(j.Servers, o.port) == "" && !j.passes(o.port) {
			j.translation(p, o.port)
			return true
		}
	}
	return false
}

// passes reports whether requests to another port leave this machine again.
func (j *judge) passes(port uint16) bool {
	return j.rateElsewhere(func(s *seen) bool { return s.Dst.Port == port && s.Leaving }) > 0
}

func (j *judge) translation(p, from uint16) {
	j.say(Problem, fmt.Sprintf("port %d", p), "dnat",
		fmt.Sprintf("requests arrive as ones to port %d, and become ones to %d behind where packets can be seen (DNAT)%s", from, p, j.servers(p)),
		fmt.Sprintf("-p %d", from))
}

// otherNamespace finds servers of the port in other network namespaces.
func (j *judge) otherNamespace(p uint16) bool {
	if serversOf(j.Servers, p) != "" {
		return false
	}
	i := slices.IndexFunc(j.Elsewhere, func(s Server) bool { return s.Addr.Port() == p })
	if i < 0 {
		return false
	}
	s := &j.Elsewhere[i]
	j.say(Problem, fmt.Sprintf("port %d", p), "namespace", fmt.Sprintf("%s listens in another network namespace (%s), and nothing of it passes here", s.Process, s.Namespace),
		fmt.Sprintf("sudo nsenter --net=/proc/%d/ns/net gor listen -p %d ...", s.PID, p))
	return true
}
