package replay

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"gor/forward"
	"gor/forward/playback"
	"gor/forward/referee"
	"gor/forward/report"
	"gor/reassembly/sniffer"
	"gor/udpwire"
)

// openRecordings opens everything for requests that come from recordings.
func (r *replayer) openRecordings(c *cli.Context, options sniffer.ReplayOptions, forwarding forward.Config) error {
	if err := udpwire.NoReceiver(c); err != nil {
		return err
	}
	if err := sniffer.NoWrite(c); err != nil {
		return err
	}
	var err error
	if options.Secret, err = udpwire.SecretFromFlags(c, r.log); err != nil {
		return err
	}
	playing, err := playback.FromFlags(c, options.Rereadable())
	if err != nil {
		return err
	}
	judging, err := referee.FromFlags(c, forwarding.Targets, c.IsSet("rate"))
	if err != nil {
		return err
	}
	if r.referee, err = referee.New(judging, &forwarding, true); err != nil {
		return err
	}
	files, err := options.OpenRepeater(c.App.Reader, r.log)
	if err != nil {
		return err
	}
	r.playback, err = playback.Open(c, playing, playback.Recording{
		Where: options.Where(), Progress: files.Progress,
		Read: func(ctx context.Context, take func(forward.Request) error) error {
			return files.Run(ctx, func(q sniffer.Recorded) error {
				return take(forward.Request{
					User: q.User, Crowd: q.Crowd, Conn: q.Conn, Index: q.Index, Time: q.Time, Raw: q.Raw, Client: q.Client, Server: q.Server,
				})
			})
		},
		Accounts: func() []report.Group {
			stats := files.Stats()
			return []report.Group{
				{Name: "requests", Stats: stats.Requests}, {Name: "users", Stats: stats.Users.Counts},
				{Name: "packets", Stats: stats.Packets}, {Name: "read", Stats: files.Files()},
			}
		},
	}, forwarding, r.referee)
	if err != nil {
		return errors.Join(err, files.Close())
	}
	return nil
}
