package capture

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ReelConfig says what files a recording becomes.
type ReelConfig struct {
	// Path is the name of the file. Files of a recording that becomes several
	// have a number in it: traffic.pcap.gz becomes traffic-00001.pcap.gz. With
	// .gz at its end they are compressed.
	Path string

	// Size and Age are what a file has at most, in bytes and from its first
	// packet to its last; then the next one begins. 0: no bound.
	Size int64
	Age  time.Duration

	// Keep and KeepBytes are how many files there are at most, and how many bytes
	// they have: the oldest is removed, also one of an earlier run, when there
	// would be more. 0: no bound.
	Keep      int
	KeepBytes int64

	// Drops says that the process will drop its privileges. Should the folder not
	// be open to it then, a process of its own makes the files.
	Drops bool

	// Logger is told what is removed, and where a name was taken. Default none.
	Logger *slog.Logger
}

// turns reports whether the recording may become several files.
func (c *ReelConfig) turns() bool { return c.Size > 0 || c.Age > 0 }

// A Reel is a recording in files of a folder, which is opened once: whoever moves
// it, or names another, does not change where the next file is made. No file that
// is there is written to, unless it is empty.
type Reel struct {
	cfg    ReelConfig
	folder *os.Root
	names  series
	clerk  *clerk // nil: files are made and removed by this process

	kept    []reelFile // the files that there are, the oldest first; the last is being written
	strip   *Strip
	current atomic.Pointer[Strip] // for setDeadline
	first   int64                 // when its first packet was seen, once there is one
	closing sync.Once

	complained bool // that a file could not be removed
	removed    atomic.Uint64
	made       atomic.Uint64
}

// A reelFile is one of the files that a recording has become.
type reelFile struct {
	name   string
	number int
	size   int64
}

// OpenReel opens the folder and makes the first file.
func OpenReel(cfg ReelConfig) (*Reel, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	name := filepath.Base(cfg.Path)
	r := &Reel{cfg: cfg, names: seriesOf(name)}
	var err error
	if r.folder, err = os.OpenRoot(filepath.Dir(cfg.Path)); err != nil {
		return nil, err
	}
	if err = r.find(); err == nil {
		err = r.begin(name)
	}
	if err == nil && cfg.Drops && cfg.turns() && os.Geteuid() == 0 {
		if r.clerk, err = startClerk(r.folder, r.names); err != nil {
			cfg.Logger.Debug("no process of its own makes the recording's files", "err", err)
			err = nil // CanGoOn says whether one was needed
		}
	}
	if err != nil {
		return nil, errors.Join(err, r.folder.Close())
	}
	return r, nil
}

// begin makes the first file: one of this name unless there will be several.
func (r *Reel) begin(name string) error {
	if r.cfg.turns() {
		return r.next()
	}
	info, err := r.folder.Stat(name)
	if err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory", r.cfg.Path)
	}
	if err == nil && info.Size() > 0 {
		if err = r.next(); err == nil {
			r.cfg.Logger.Warn("a recording is there already, and stays as it is", "file", r.cfg.Path, "recording_to", r.Where())
		}
		return err
	}
	r.kept = nil
	return r.create(reelFile{name: name}, os.O_CREATE|os.O_WRONLY)
}

// find looks for files that the series has already.
func (r *Reel) find() error {
	dir, err := r.folder.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, e := range entries {
		number, isOurs := r.names.number(e.Name())
		if !isOurs || !e.Type().IsRegular() {
			continue
		}
		if info, err := e.Info(); err == nil {
			r.kept = append(r.kept, reelFile{e.Name(), number, info.Size()})
		}
	}
	slices.SortFunc(r.kept, func(a, b reelFile) int { return cmp.Compare(a.number, b.number) })
	return nil
}

// next ends the file and begins the next one.
func (r *Reel) next() error {
	number := 1
	if n := len(r.kept); n > 0 {
		number = r.kept[n-1].number + 1
	}
	if r.strip != nil {
		if err := r.strip.Close(); err != nil {
			return err
		}
	}
	if err := r.create(reelFile{name: r.names.name(number), number: number}, os.O_CREATE|os.O_EXCL|os.O_WRONLY); err != nil {
		return err
	}
	r.trim()
	return nil
}

// create makes a file and begins to write it.
func (r *Reel) create(file reelFile, flags int) error {
	f, err := r.open(file.name, flags)
	if err != nil {
		return err
	}
	strip, err := NewStrip(f, strings.HasSuffix(file.name, ".gz"))
	if err != nil {
		return errors.Join(err, f.Close(), r.remove(file.name))
	}
	r.strip = strip
	r.current.Store(strip)
	r.kept = append(r.kept, file)
	r.made.Add(1)
	return nil
}

func (r *Reel) open(name string, flags int) (*os.File, error) {
	if r.clerk != nil {
		return r.clerk.create(name)
	}
	return r.folder.OpenFile(name, flags, 0o666)
}

func (r *Reel) remove(name string) error {
	if r.clerk != nil {
		return r.clerk.remove(name)
	}
	return r.folder.Remove(name)
}

// Where is the path of the file that is being written.
func (r *Reel) Where() string {
	return filepath.Join(filepath.Dir(r.cfg.Path), r.kept[len(r.kept)-1].name)
}

// write writes records into as many files as they need.
func (r *Reel) write(records []byte) (done int, err error) {
	for done < len(records) {
		size := r.fitting(records[done:])
		if size == 0 {
			if err := r.next(); err != nil {
				return done, err
			}
			continue
		}
		n, err := r.strip.write(records[done : done+size])
		done += n
		r.kept[len(r.kept)-1].size = r.strip.written
		if err != nil {
			return done, err
		}
		r.trim()
	}
	return done, nil
}

// fitting returns how many bytes of records belong into the file that is being
// written: none if it is full or old, but one record at least if it is new.
func (r *Reel) fitting(b []byte) (size int) {
	isNew := r.strip.isNew()
	if isNew {
		r.first = recordTime(b)
	}
	room := int64(len(b))
	if r.cfg.Size > 0 {
		room = r.strip.room(r.cfg.Size)
	}
	for size < len(b) {
		n := recordHeader + int(binary.LittleEndian.Uint32(b[size+8:]))
		old := r.cfg.Age > 0 && recordTime(b[size:])-r.first >= int64(r.cfg.Age)
		if (old || int64(size+n) > room) && !(isNew && size == 0) {
			break
		}
		size += n
	}
	return size
}

// recordTime is when the packet of the first record was seen.
func recordTime(b []byte) int64 {
	return int64(binary.LittleEndian.Uint32(b))*1e9 + int64(binary.LittleEndian.Uint32(b[4:]))
}

// trim removes the oldest files until there are no more than are to be kept.
func (r *Reel) trim() {
	total := int64(0)
	for _, f := range r.kept {
		total += f.size
	}
	for len(r.kept) > 1 && (r.cfg.Keep > 0 && len(r.kept) > r.cfg.Keep || r.cfg.KeepBytes > 0 && total > r.cfg.KeepBytes) {
		oldest := r.kept[0]
		if err := r.remove(oldest.name); err != nil && !os.IsNotExist(err) {
			if !r.complained {
				r.cfg.Logger.Warn("an old recording cannot be removed", "err", err)
			}
			r.complained = true
		} else {
			r.removed.Add(1)
			r.cfg.Logger.Debug("an old recording was removed", "file", oldest.name)
		}
		r.kept = r.kept[1:]
		total -= oldest.size
	}
}

func (r *Reel) files() (begun, removed uint64) { return r.made.Load(), r.removed.Load() }

func (r *Reel) setDeadline(t time.Time) error { return r.current.Load().setDeadline(t) }

// Close closes the file and the folder.
func (r *Reel) Close() error {
	err := r.strip.Close()
	r.closing.Do(func() {
		if r.clerk != nil {
			err = errors.Join(err, r.clerk.close())
		}
		err = errors.Join(err, r.folder.Close())
	})
	return err
}
