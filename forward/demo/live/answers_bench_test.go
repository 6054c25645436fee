//go:build linux

package live

import "testing"

// BenchmarkListenerResponses says what a listener costs per request where it captures
// what is answered, at 20,000 requests a second: on a tenth of the connections and on
// all, heads alone, and with bodies, beside one that does not, by turns. The medians
// count.
func BenchmarkListenerResponses(b *testing.B) {
	rows := []struct {
		name  string
		flags []string
	}{
		{"none", nil},
		{"a tenth", []string{"--responses", "10%"}},
		{"all", []string{"--responses", "100%"}},
		{"all with bodies", []string{"--responses", "100%", "--response-body", "16KiB"}},
	}
	costs := make([][]float64, len(rows))
	for range turns {
		for i, row := range rows {
			b.Run(row.name, func(b *testing.B) {
				cost := listenerTurn(b, gorBinary(b), 20000, 3, false, row.flags...)
				costs[i] = append(costs[i], cost)
				b.ReportMetric(0, "ns/op") // the length of the load, says nothing
				b.ReportMetric(cost, unit(20000))
				b.ReportMetric(median(costs[i])/median(costs[0]), "medians:with/without")
			})
		}
	}
}
