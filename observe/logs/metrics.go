package logs

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics are the counters of the room.
type metrics struct {
	lines, bytes, replayed *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return promauto.With(r).NewCounterVec(prometheus.CounterOpts{Namespace: "bulwark", Subsystem: "logs", Name: name, Help: help}, labels)
	}
	return &metrics{
		lines:    counter("lines_total", "Lines that were taken, by whether a parser understood them.", "intake", "outcome"),
		bytes:    counter("bytes_total", "Bytes of the lines that were taken.", "intake"),
		replayed: counter("replayed_lines_total", "Lines that were handed over again and told once.", "intake"),
	}
}

// line counts one that was taken.
func (m *metrics) line(intake string, known bool, size int) {
	outcome := "kept whole"
	if known {
		outcome = "understood"
	}
	m.lines.WithLabelValues(intake, outcome).Inc()
	m.bytes.WithLabelValues(intake).Add(float64(size))
}

// refusals are what the intakes count themselves.
type refusals struct {
	desc *prometheus.Desc
	of   *Logs
}

func newRefusals(r prometheus.Registerer, of *Logs) {
	if r != nil {
		r.MustRegister(&refusals{prometheus.NewDesc("bulwark_logs_refused_total", "Records, connections and requests that were not taken.",
			[]string{"intake", "reason"}, nil), of})
	}
}

// Describe says what is collected.
func (r *refusals) Describe(to chan<- *prometheus.Desc) { to <- r.desc }

// Collect reads the counters.
func (r *refusals) Collect(to chan<- prometheus.Metric) {
	for _, i := range r.of.intakes {
		for reason, n := range refused(i.Intake) {
			to <- prometheus.MustNewConstMetric(r.desc, prometheus.CounterValue, float64(n), i.Name(), reason)
		}
	}
}

// refused is what an intake did not take, by reason.
func refused(i Intake) map[string]uint64 {
	if c, ok := i.(interface{ Refused() map[string]uint64 }); ok {
		return c.Refused()
	}
	return nil
}
