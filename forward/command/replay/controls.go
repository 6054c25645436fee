package replay

import (
	"fmt"

	"gor/forward"
	"gor/forward/command"
	"gor/forward/command/control"
)

// controls are what gor ctl may do to a replayer.
func controls(fwd *forward.Forwarder, status func() (string, []byte), life *command.Lifetime) control.Controls {
	return control.Controls{
		Status: status,
		Limit: func(target, limit string) (string, error) {
			l, err := forward.ParseLimit(limit)
			if err != nil {
				return "", fmt.Errorf("limit %q: give N, N%% or off", limit)
			}
			before, err := fwd.SetLimit(target, l)
			return before.String(), err
		},
		Pause: fwd.Pause, Resume: fwd.Resume, DenyPath: fwd.DenyPath, Drain: life.Drain,
	}
}
