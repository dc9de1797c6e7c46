package sensor

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"bulwark/observe/sensor/internal/link"
)

// metrics are the counters of what is watched live, for each interface and each core that shares it.
type metrics struct {
	up                            *prometheus.GaugeVec
	packets, bytes, dropped, lost *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "bulwark", Subsystem: "sensor", Name: name, Help: help}, []string{"interface", "core"})
	}
	m := &metrics{
		up: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "bulwark", Subsystem: "sensor", Name: "interface_up",
			Help: "1 while the interface is watched: every packet from then on is seen or counted as dropped."}, []string{"interface"}),
		packets: counter("packets_total", "Packets that were read."),
		bytes:   counter("bytes_total", "Bytes on the wire of the packets that were read."),
		dropped: counter("dropped_packets_total", "Packets that the kernel dropped because the core was behind."),
		lost:    counter("lost_events_total", "Events that found no room on their way out."),
	}
	if r != nil {
		r.MustRegister(m.up, m.packets, m.bytes, m.dropped, m.lost)
	}
	return m
}

func (m *metrics) count(r link.Report, core int) {
	labels := []string{r.Source, strconv.Itoa(core)}
	m.packets.WithLabelValues(labels...).Add(float64(r.Packets))
	m.bytes.WithLabelValues(labels...).Add(float64(r.Bytes))
	m.dropped.WithLabelValues(labels...).Add(float64(r.Drops))
	m.lost.WithLabelValues(labels...).Add(float64(r.Lost))
}
