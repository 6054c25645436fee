package capture

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// CanGoOn reports, once privileges were dropped, why the recording could not go on
// in another file; nil: it can, or never will. It is called before packets come.
func (r *Reel) CanGoOn() error {
	if !r.cfg.turns() {
		return nil
	}
	dir, err := r.folder.Open(".")
	if err == nil {
		err = unix.Faccessat(int(dir.Fd()), ".", unix.W_OK|unix.X_OK, 0)
		err = errors.Join(err, dir.Close())
	}
	switch {
	case r.clerk != nil && err == nil: // it is not needed
		err = r.clerk.close()
		r.clerk = nil
		return err
	case r.clerk != nil || err == nil:
		return nil
	}
	return fmt.Errorf("the recording's next file could not be made in %s: %w", filepath.Dir(r.cfg.Path), err)
}
