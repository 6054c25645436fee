package capture

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
)

// A series is how the files of a recording are named that becomes several:
// traffic-00001.pcap.gz has the stem traffic and the extension .pcap.gz.
type series struct{ stem, ext string }

// seriesOf takes a name apart that has no number in it.
func seriesOf(name string) series {
	plain := strings.TrimSuffix(name, ".gz")
	ext := filepath.Ext(plain) + name[len(plain):]
	return series{stem: strings.TrimSuffix(name, ext), ext: ext}
}

// name is that of the file with a number.
func (s series) name(number int) string { return fmt.Sprintf("%s-%05d%s", s.stem, number, s.ext) }

// number is that of a file, if it is one of the series.
func (s series) number(name string) (int, bool) {
	digits, isOurs := strings.CutPrefix(strings.TrimSuffix(name, s.ext), s.stem+"-")
	n, err := strconv.Atoi(digits)
	return n, isOurs && err == nil && n > 0 && n < math.MaxInt && s.name(n) == name
}
