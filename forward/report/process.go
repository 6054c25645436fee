package report

import (
	"fmt"
	"runtime"
	"strconv"
	"time"
)

// A process is what the system says of this process.
type process struct {
	cpu      time.Duration
	resident uint64 // bytes
	files    uint64 // open file descriptors
}

// appendProcess appends what the program is, and what the process takes of the
// machine, by the names that Prometheus' own libraries use.
func (r *Reporter) appendProcess(dst []byte) []byte {
	dst = appendFamily(dst, "gor_build_info", "gauge", "What gor this is: always 1.")
	dst = fmt.Appendf(dst, "gor_build_info{command=\"%s\",version=\"%s\",go=\"%s\"} 1\n",
		escapeLabel(r.cfg.Command), escapeLabel(r.cfg.Version), escapeLabel(runtime.Version()))
	dst = appendFamily(dst, "process_start_time_seconds", "gauge", "When the process started. Unit: seconds since 1970.")
	dst = fmt.Appendf(dst, "process_start_time_seconds %s\n", seconds(time.Duration(r.opened.UnixNano())))
	p, ok := readProcess()
	if !ok {
		return dst
	}
	dst = appendFamily(dst, "process_cpu_seconds_total", "counter", "CPU time spent, user and system. Unit: seconds.")
	dst = fmt.Appendf(dst, "process_cpu_seconds_total %s\n", seconds(p.cpu))
	dst = appendFamily(dst, "process_resident_memory_bytes", "gauge", "Resident memory. Unit: bytes.")
	dst = fmt.Appendf(dst, "process_resident_memory_bytes %d\n", p.resident)
	dst = appendFamily(dst, "process_open_fds", "gauge", "Open file descriptors. Unit: descriptors.")
	return fmt.Appendf(dst, "process_open_fds %d\n", p.files)
}

// seconds writes a time as Prometheus wants it.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
