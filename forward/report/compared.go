package report

import (
	"fmt"
	"strconv"

	"gor/forward"
	"gor/forward/compare"
)

// A fate is a number of exchanges that a name stands for.
type fate struct {
	name string
	n    uint64
}

// fatesOf are all that becomes of an exchange: their sum is the exchanges that were
// started. What one is may change as it becomes known what is noise.
func fatesOf(f *compare.Fates) []fate {
	return []fate{
		{"same", f.Same}, {"different", f.Different}, {"undecided", f.Undecided}, {"not_logged_in", f.NotLoggedIn}, {"not_modified", f.NotModified},
		{"no_original", f.NoOriginal}, {"no_response", f.NoResponse}, {"expired", f.Expired}, {"waiting", f.Waiting},
	}
}

// largePart is of how many compared exchanges one that is the same only in part is worth a word in the line.
const largePart = 10

// appendCompared appends for a target's part of an interval's line which share of its
// responses is different, of those compared since the start, of which share that is not known, and,
// if it is large, of which share it is only as far as it was seen.
func appendCompared(dst []byte, f *compare.Fates) []byte {
	if f.Compared == 0 {
		return dst
	}
	dst = fmt.Appendf(dst, " different=%s%%", strconv.FormatFloat(f.Share()*100, 'f', 2, 64))
	if f.Undecided > 0 {
		dst = fmt.Appendf(dst, " undecided=%s%%", strconv.FormatFloat(100*float64(f.Undecided)/float64(f.Compared), 'f', 2, 64))
	}
	if f.InPart > f.Compared/largePart {
		dst = fmt.Appendf(dst, " in_part=%s%%", strconv.FormatFloat(100*float64(f.InPart)/float64(f.Compared), 'f', 2, 64))
	}
	return dst
}

// briefCompared says the same for a target's line in the view, where there is less room.
func briefCompared(f *compare.Fates) string {
	if f.Compared == 0 {
		return ""
	}
	brief := strconv.FormatFloat(f.Share()*100, 'f', 1, 64) + "% differ"
	if f.Undecided > f.Compared/2 {
		brief += "?"
	}
	return brief + " "
}

// appendComparedMetrics appends what became of the exchanges. They are gauges, since a
// verdict may change.
func appendComparedMetrics(dst []byte, fates []compare.Fates, stats []forward.TargetStats) []byte {
	const name = "gor_replay_compared_exchanges"
	dst = appendFamily(dst, name, "gauge", "Requests whose response is compared, by what is known of them now; a verdict may change. Unit: requests.")
	for i := range min(len(fates), len(stats)) {
		for _, f := range fatesOf(&fates[i]) {
			dst = fmt.Appendf(dst, "%s{target=\"%s\",fate=\"%s\"} %d\n", name, escapeLabel(stats[i].Target), f.name, f.n)
		}
	}
	const part = "gor_replay_compared_in_part"
	dst = appendFamily(dst, part, "gauge", "Of the compared requests that are the same: those whose bodies were not compared, or not to their ends. Unit: requests.")
	for i := range min(len(fates), len(stats)) {
		dst = fmt.Appendf(dst, "%s{target=\"%s\"} %d\n", part, escapeLabel(stats[i].Target), fates[i].InPart)
	}
	return dst
}
