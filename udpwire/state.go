package udpwire

// A state is where a listener stands with a replayer. Events move it, by this picture and by nothing else:
//
//	            welcomedAnew            progressed
//	seeking ------------------> opening ----------> live
//	   ^                         ^   |              |  ^
//	   | ended, spent            |   |      doubted,|  |
//	   |            welcomedAnew,|   |      quiet   |  | progressed
//	   |            welcomedBack |   v              v  |
//	   +-- from any of these --  +----- silent <-------+
//
//	from any with a session:   finished -> leaving;  then ended -> departed
//	from silent:               replaced -> seeking
//	from seeking:              finished -> departed
//	from any:                  abandoned -> departed
//
// A session begins with welcomedAnew, and ends, if there is one, with welcomedAnew, ended, spent, replaced, or departed.
// Only these end it, since what was sent in it and not confirmed is lost then: no datagram does that is not authentic;
// doubted and quiet only make the listener ask.
type state uint8

const (
	seeking  state = iota // There is no session. HELLO goes out.
	opening               // The replayer has named the session; HEARTBEAT goes out until it confirms something in it.
	live                  // It confirms what is sent. DATA goes out.
	silent                // It confirms nothing any more. HELLO asks whether it still knows the session.
	leaving               // Everything is confirmed and no more will come. BYE goes out.
	departed              // Nothing goes out any more.
)

// An event is something that may change a state.
type event uint8

const (
	welcomedAnew event = iota // A WELCOME gives another session than the present one.
	welcomedBack              // A WELCOME says that the present session is still known.
	progressed                // A REPORT confirms something that none did before.
	ended                     // A BYE: the replayer has closed the session, with these totals.
	doubted                   // Somebody says that nobody knows the session there, which anybody may say.
	quiet                     // Nothing was confirmed for so long, though this process listened.
	spent                     // The session's numbers are used up, and everything in it is confirmed.
	replaced                  // Others have taken the place of a replayer that is silent, and wait for it no longer.
	finished                  // Nothing is left to send or to be confirmed, and no more will come.
	abandoned                 // Whatever is left, it is not waited for any more.
)

// inSession reports whether there is a session.
func (s state) inSession() bool { return s != seeking && s != departed }

// asking reports whether HELLO goes out.
func (s state) asking() bool { return s == seeking || s == silent }

// beating reports whether HEARTBEAT goes out. To the silent it does as well, in case that only now and then something
// comes through, or that the replayer can say what has become of the session.
func (s state) beating() bool { return s == opening || s == live || s == silent }

// on is the state after an event. An event that the picture does not have here changes nothing.
func (s state) on(e event) state {
	switch {
	case s == departed:
	case e == abandoned, e == finished && s == seeking, e == ended && s == leaving:
		return departed
	case s == leaving:
	case e == finished:
		return leaving
	case e == welcomedAnew && s.asking(), e == welcomedBack && s == silent:
		return opening
	case e == progressed && s.inSession():
		return live
	case (e == doubted || e == quiet) && s.inSession():
		return silent
	case (e == ended || e == spent) && s.inSession(), e == replaced && s == silent:
		return seeking
	}
	return s
}

// ends reports whether the event e, which led from s to another state, ended a session.
func (s state) ends(e event, to state) bool {
	return s.inSession() && (e == welcomedAnew || !to.inSession())
}
