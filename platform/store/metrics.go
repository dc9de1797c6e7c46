package store

import "github.com/prometheus/client_golang/prometheus"

// metrics are the counters of one store.
type metrics struct {
	rows, expired, erased, malformed prometheus.Counter
	full                             prometheus.Gauge
	bytes                            prometheus.Gauge
	queries                          *prometheus.HistogramVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "bulwark", Subsystem: "store", Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "bulwark", Subsystem: "store", Name: name, Help: help})
	}
	m := &metrics{
		rows:      counter("rows_total", "Events stored."),
		expired:   counter("expired_total", "Events not stored because they were older than their retention."),
		erased:    counter("erased_total", "Events not stored because they had been erased."),
		malformed: counter("malformed_batches_total", "Batches on the bus that could not be read to their end."),
		full:      gauge("disk_full", "1 while events wait on the bus because the disk is full."),
		bytes:     gauge("bytes", "Bytes on disk."),
		queries: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "bulwark", Subsystem: "store",
			Name: "query_seconds", Help: "How long queries took, waiting included.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10, 60}}, []string{"outcome"}),
	}
	if r != nil {
		r.MustRegister(m.rows, m.expired, m.erased, m.malformed, m.full, m.bytes, m.queries)
	}
	return m
}
