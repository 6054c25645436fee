package compare

import "fmt"

// hintLevel is how improbable it has to be that sessions explain nothing, for a hint: there
// are two tests for each target.
const hintLevel = 1e-3

// A carriage counts exchanges with a session that the target has another one for: any
// one, and one that a request for a change brought, such as a login. Every visitor may have
// one of the first kind.
type carriage [2]uint64

func (c carriage) plus(o carriage) carriage { return carriage{c[0] + o[0], c[1] + o[1]} }

// Strangers are how exchanges came out by what they carried of such sessions.
type strangers [2]Foreign

// add takes in the exchanges of a route.
func (s *strangers) add(a *account, is division) {
	for i := range s {
		f := &s[i]
		f.Exchanges += a.carried[i]
		f.Others += a.exchanges - a.carried[i]
		for places, n := range a.sets {
			if places&is.real != 0 {
				f.Different += n.carried[i]
				f.Rest += n.all - n.carried[i]
			}
		}
	}
}

// report is what to say if exchanges with such a session differ more often than others, of
// the kind for which that is less probable (Fisher's exact test, as for places); nil: nothing.
func (s *strangers) report(target string) *Foreign {
	var worst *Foreign
	least := hintLevel
	for i := range s {
		f := &s[i]
		if p := fisher(f.Different, f.Exchanges, f.Rest, f.Others); f.Different > 0 && p < least {
			worst, least = f, p
		}
	}
	if worst != nil {
		worst.Says = fmt.Sprintf("%d of %d different exchanges carried a session that production gave and %s does not know, as it gave another one: try --own-sessions, which sends it that.",
			worst.Different, worst.Different+worst.Rest, target)
	}
	return worst
}
