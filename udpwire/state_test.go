package udpwire

import "testing"

// TestState: each event moves each state as the picture says, and no other way.
func TestState(t *testing.T) {
	all := []event{welcomedAnew, welcomedBack, progressed, ended, doubted, quiet, spent, replaced, finished, abandoned}
	for from, moves := range map[state]map[event]state{
		seeking:  {welcomedAnew: opening, finished: departed, abandoned: departed},
		opening:  {progressed: live, ended: seeking, doubted: silent, quiet: silent, spent: seeking, finished: leaving, abandoned: departed},
		live:     {ended: seeking, doubted: silent, quiet: silent, spent: seeking, finished: leaving, abandoned: departed},
		silent:   {welcomedAnew: opening, welcomedBack: opening, progressed: live, ended: seeking, spent: seeking, replaced: seeking, finished: leaving, abandoned: departed},
		leaving:  {ended: departed, abandoned: departed},
		departed: {},
	} {
		for _, e := range all {
			want, moved := moves[e]
			if !moved {
				want = from
			}
			if got := from.on(e); got != want {
				t.Errorf("state %d, event %d: %d, want %d", from, e, got, want)
			}
		}
	}
}

// TestStateEndsSession: a session ends where there is none any more, or another.
func TestStateEndsSession(t *testing.T) {
	for _, c := range []struct {
		from state
		e    event
		ends bool
	}{
		{seeking, welcomedAnew, false},
		{silent, welcomedAnew, true},
		{silent, welcomedBack, false},
		{silent, replaced, true},
		{silent, progressed, false},
		{live, doubted, false},
		{live, quiet, false},
		{live, ended, true},
		{live, spent, true},
		{live, finished, false},
		{leaving, ended, true},
		{leaving, abandoned, true},
		{seeking, abandoned, false},
	} {
		if got := c.from.ends(c.e, c.from.on(c.e)); got != c.ends {
			t.Errorf("state %d, event %d: %t", c.from, c.e, got)
		}
	}
}
