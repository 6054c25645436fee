package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// captures reports whether gor listen would capture a segment to a wanted port.
func (j *judge) captures(s *seen) bool {
	switch {
	case !j.Question.anyInterface() && !slices.Contains(j.Question.Interfaces, j.link(s.Iface).Name):
		return false
	case s.Leaving:
		return slices.Contains(j.Leaving, s.Dst.Port)
	case s.OtherHost:
		return j.Question.Promiscuous
	}
	return slices.Contains(j.Arriving, s.Dst.Port)
}

// port judges a wanted port: requests that are captured first, then what is seen there
// instead, then why nothing is.
func (j *judge) port(p uint16) {
	at := func(f func(*seen) bool) float64 {
		return j.rate(func(s *seen) bool { return s.Dst.Port == p && !s.own() && f(s) })
	}
	captured := func(s *seen) bool { return j.captures(s) }
	about1 := fmt.Sprintf("port %d", p)
	if n := at(func(s *seen) bool { return captured(s) && s.protocol == request && !s.replayed }); n > 0 {
		j.say(OK, about1, "ok", about(n)+", HTTP/1"+j.where(p)+j.servers(p), "")
		return
	}
	if at(func(s *seen) bool { return captured(s) && s.replayed }) > 0 {
		return // all of it is: loop says so
	}
	if at(func(s *seen) bool { return captured(s) && (s.protocol == webSocket || s.protocol == upgrade) }) > 0 {
		j.say(Problem, about1, "websocket", "connections that were upgraded to WebSocket, and no other request"+j.servers(p),
			"nothing: gor copies requests; what follows an upgrade is not HTTP/1")
		return
	}
	if j.uncaptured(p, at) || j.unreadable(p, at) {
		return
	}
	j.absence(p)
}

// where names the interfaces at which a port's requests are captured.
func (j *judge) where(p uint16) string {
	var names []string
	for i := range j.wanted {
		if s := &j.wanted[i]; s.Dst.Port == p && s.isRequest() && j.captures(s) {
			if name := j.link(s.Iface).Name; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 || len(names) > 4 {
		return ""
	}
	return " on " + strings.Join(names, ", ")
}

// servers names who listens on a port of this namespace.
func (j *judge) servers(p uint16) string {
	said := serversOf(j.Servers, p)
	if said == "" {
		return ""
	}
	return "; " + said + " here"
}

// serversOf says who listens on a port: "nginx (process 12) listens".
func serversOf(all []Server, p uint16) string {
	i := slices.IndexFunc(all, func(s Server) bool { return s.Addr.Port() == p })
	if i < 0 {
		return ""
	}
	return all[i].Process.String() + " listens"
}

// String names a process.
func (p Process) String() string {
	if p.PID == 0 {
		return "a process"
	}
	return fmt.Sprintf("%s (process %d)", p.Name, p.PID)
}

// uncaptured finds requests to the port that are there, and not captured.
func (j *judge) uncaptured(p uint16, at func(func(*seen) bool) float64) bool {
	name := fmt.Sprintf("port %d", p)
	requests := func(f func(*seen) bool) float64 {
		return at(func(s *seen) bool { return s.isRequest() && !j.captures(s) && f(s) })
	}
	inside := func(s *seen) bool {
		return j.Question.anyInterface() || slices.Contains(j.Question.Interfaces, j.link(s.Iface).Name)
	}
	if n := requests(func(s *seen) bool { return inside(s) && s.Leaving }); n > 0 {
		j.say(Problem, name, "leaving", about(n)+" leave this machine, and none arrive"+j.servers(p), "--direction out takes these, --direction both all")
		return true
	}
	if n := requests(func(s *seen) bool { return inside(s) && s.OtherHost }); n > 0 {
		j.say(Problem, name, "other machines", about(n)+" are addressed to other machines", "--promisc takes them")
		return true
	}
	if n := requests(inside); n > 0 {
		j.say(Problem, name, "arriving", about(n)+" arrive at this machine, and none leave", "--direction in takes these, --direction both all")
		return true
	}
	for i := range j.wanted {
		if s := &j.wanted[i]; s.Dst.Port == p && s.isRequest() && !s.own() && !inside(s) {
			iface := j.link(s.Iface).Name
			j.say(Problem, name, "other interface", fmt.Sprintf("%s are on interface %s", about(requests(func(o *seen) bool { return o.Iface == s.Iface })), iface), "-i "+iface)
			return true
		}
	}
	return false
}

// unreadable finds what is captured at the port and is not HTTP/1.
func (j *judge) unreadable(p uint16, at func(func(*seen) bool) float64) bool {
	name := fmt.Sprintf("port %d", p)
	switch is := func(k protocol) bool { return at(func(s *seen) bool { return s.protocol == k }) > 0 }; {
	case is(http2):
		j.say(Problem, name, "http2", "HTTP/2 in clear (h2c): only HTTP/1 is captured"+j.servers(p),
			"capture where HTTP/1 is spoken, such as behind the proxy, or have its clients speak it")
	case is(tls):
		j.encrypted(p)
	default:
		return false
	}
	return true
}

// encrypted says where what comes to a port by TLS goes on in clear.
func (j *judge) encrypted(p uint16) {
	name, seen := fmt.Sprintf("port %d", p), "TLS: what is inside cannot be read"+j.servers(p)
	if hop := j.plainHop(); hop != 0 {
		j.say(Problem, name, "tls", fmt.Sprintf("%s; port %d carries plain HTTP/1", seen, hop), fmt.Sprintf("-p %d", hop))
		return
	}
	if len(j.UnixHops) > 0 {
		j.unix(p, "TLS")
		return
	}
	j.say(Problem, name, "tls", seen, "listen where TLS ends: on the port, or the machine, behind the proxy or load balancer")
}

// plainHop is the port of this machine's that carries most requests in clear; 0: none
// does.
func (j *judge) plainHop() uint16 {
	if all := j.busiest(1, func(s *seen) bool { return s.isRequest() && !s.own() && !s.OtherHost }); len(all) > 0 {
		return all[0].port
	}
	return 0
}

// unix says that requests go on over a Unix socket.
func (j *judge) unix(p uint16, instead string) {
	hop := &j.UnixHops[0]
	seen := fmt.Sprintf("requests go on to %s over the Unix socket %s, where no packet is", hop.To, hop.Path)
	switch hop.rank() {
	case 2:
		seen = fmt.Sprintf("%s passes requests on to %s over the Unix socket %s, where no packet is", hop.From, hop.To, hop.Path)
	case 0:
		seen = fmt.Sprintf("%s listens on the Unix socket %s: what goes there is no packet", hop.To, hop.Path)
	}
	if instead != "" {
		seen = instead + ", and " + seen
	}
	j.say(Problem, fmt.Sprintf("port %d", p), "unix socket", seen,
		"have the upstream listen on 127.0.0.1:8000, say, and the proxy use that; then -p 8000")
}
