package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gor/capture/doctor"
	"gor/forward/command"
	"gor/udpwire"
)

// judge says what was found out of one replayer as the user named it.
func judge(name string, secret bool, all []udpwire.Probed, err error) []doctor.Finding {
	if err != nil {
		return []doctor.Finding{{Level: doctor.Problem, About: "replayer", Cause: "replayer's name",
			Seen: fmt.Sprintf("%s has no address: %v", name, err), Type: "give -r a name or address that this machine can look up"}}
	}
	there := slices.ContainsFunc(all, func(p udpwire.Probed) bool { return p.Reaction == udpwire.Welcomed })
	var findings []doctor.Finding
	var known []uint64 // replayers by now
	for i := range all {
		p := &all[i]
		switch {
		case p.Reaction != udpwire.Welcomed && there && p.Addr.Addr().Is6():
			continue // a name has such addresses where the replayer listens by IPv4 alone
		case p.Reaction != udpwire.Welcomed:
			findings = append(findings, absent(name, secret, p))
			continue
		case slices.Contains(known, p.Instance):
			continue
		}
		known = append(known, p.Instance)
		findings = append(findings, present(name, secret, p)...)
	}
	return findings
}

// where names an address, with the name that the user has for it.
func where(name string, p *udpwire.Probed) string {
	if a := p.Addr.String(); a != name {
		return name + " (" + a + ")"
	}
	return name
}

// absent says why no session could be had.
func absent(name string, secret bool, p *udpwire.Probed) doctor.Finding {
	f := doctor.Finding{Level: doctor.Problem, About: "replayer"}
	at := where(name, p)
	switch p.Reaction {
	case udpwire.Unsealed:
		f.Cause, f.Seen = "secret here alone", at+" has no secret, and one was given here"
		f.Type = "give gor replay the same --secret-file there, or leave it away here"
	case udpwire.Deaf:
		if secret {
			f.Cause, f.Seen = "wrong secret", at+": somebody listens there and does not answer: it has another secret, or its --allow leaves this machine out"
			f.Type = "compare: sha256sum FILE on both machines"
		} else {
			f.Cause, f.Seen = "secret there alone", at+": somebody listens there and does not answer: it has a secret, or its --allow leaves this machine out"
			f.Type = "give the same --secret-file here"
		}
	case udpwire.Refused:
		f.Cause, f.Seen = "replayer down", fmt.Sprintf("%s: nobody listens on UDP port %d there", at, p.Addr.Port())
		f.Type = fmt.Sprintf("there: gor replay -p %d -f http://STAGING", p.Addr.Port())
	case udpwire.Unsent:
		f.Cause, f.Seen = "no way", fmt.Sprintf("nothing can be sent to %s: %v", at, p.Err)
		f.Type = "ip route get " + p.Addr.Addr().String()
	default:
		f.Cause, f.Seen = "no answer", at+" does not answer, nor does its machine say that nobody listens"
		f.Type = fmt.Sprintf("is that machine up, and does a firewall let UDP port %d through, both ways?", p.Addr.Port())
	}
	return f
}

// present says what a replayer is, whether it reaches its targets, and what the way
// there carries.
func present(name string, secret bool, p *udpwire.Probed) []doctor.Finding {
	parts := []string{where(name, p)}
	if p.Self != nil {
		parts = append(parts, "host "+p.Self.Host, version(p.Self.Version))
	}
	sealed := "no secret on either side"
	if secret {
		sealed = "the same secret"
	}
	parts = append(parts, sealed, fmt.Sprintf("answers in %s", p.RoundTrip.Round(10*time.Microsecond)), fmt.Sprintf("room for %d KiB at once", p.Window>>10))
	findings := []doctor.Finding{{Level: doctor.OK, About: "replayer", Cause: "ok", Seen: strings.Join(parts, ", ")}}
	if f, ok := targets(p); ok {
		findings = append(findings, f)
	}
	return append(findings, path(p))
}

// version says a replayer's version, and this one's where that is another.
func version(theirs string) string {
	if ours := command.Version(); ours != theirs {
		return fmt.Sprintf("version %s (here %s)", theirs, ours)
	}
	return "version " + theirs
}

// targets says how many of a replayer's targets it has reached.
func targets(p *udpwire.Probed) (f doctor.Finding, known bool) {
	if p.Self == nil {
		return f, false
	}
	account := func(name string) (uint64, bool) {
		i := slices.IndexFunc(p.Self.Accounts, func(a udpwire.Account) bool { return a.Name == name })
		if i < 0 {
			return 0, false
		}
		return p.Self.Accounts[i].Value, true
	}
	all, known := account(udpwire.SelfTargets)
	away, ok := account(udpwire.SelfUnreached)
	switch {
	case !known || !ok:
		return f, false
	case away == 0:
		return doctor.Finding{Level: doctor.OK, About: "targets", Cause: "ok", Seen: fmt.Sprintf("the replayer has %d, and reached all that it has tried", all)}, true
	}
	return doctor.Finding{Level: doctor.Problem, About: "targets", Cause: "target refused",
		Seen: fmt.Sprintf("the replayer could not reach %d of its %d when it last tried", away, all),
		Type: "its log says which and why; is staging up, and -f right?"}, true
}

// usual is the largest datagram that nearly every path of today carries whole: IP
// packets of 1492 bytes, in bytes of UDP payload.
const usual = 1444

// path says how large the datagrams are that get to a replayer.
func path(p *udpwire.Probed) doctor.Finding {
	f := doctor.Finding{Level: doctor.OK, About: "path", Cause: "ok", Seen: fmt.Sprintf("datagrams of %d bytes arrive", p.Largest)}
	switch {
	case p.Largest >= min(p.Best, usual) && p.Best < 1200:
		f.Level, f.Cause = doctor.Warning, "mtu"
		f.Seen = fmt.Sprintf("the interface carries datagrams of %d bytes alone: its MTU is small", p.Best)
		f.Type = "ip link shows the MTU; 1500 is usual. gor goes on with what there is"
	case p.Largest < min(p.Best, usual):
		f.Level, f.Cause = doctor.Warning, "mtu"
		f.Seen = fmt.Sprintf("datagrams of %d bytes arrive, larger ones get lost without a word, though the interface carries %d", p.Largest, p.Best)
		f.Type = "nothing: gor finds the size out; else have the routers on the way say so (ICMP), or set the interface's MTU"
	}
	return f
}
