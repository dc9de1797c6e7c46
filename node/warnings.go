package node

import (
	"strconv"
	"sync"
	"time"

	"bulwark/platform/health"
)

// Warnables are the warnings of the composition itself.
func Warnables() []*health.Warnable {
	return []*health.Warnable{&eventsDropped, &diskFull, &captureUnread, &rulesUnread, &rulesRejected, &logRulesRejected}
}

var eventsDropped = health.Warnable{
	ID: "node.events-dropped", Severity: health.Unprotected,
	Title: health.Text{EN: "Events are lost", FR: "Des événements sont perdus"},
	Text: health.Text{EN: "More happened than this machine could keep: {batches} batches of events found no room before the bus since {since}.",
		FR: "Il s'est passé plus que ce que cette machine peut garder : {batches} lots d'événements n'ont pas trouvé de place devant le bus depuis {since}."},
	NextStep: health.Text{EN: "Check the disk's speed and free space with bulwark doctor.",
		FR: "Vérifiez la vitesse et la place du disque avec bulwark doctor."},
}

var diskFull = health.Warnable{
	ID: "store.disk-full", Severity: health.Degraded,
	Title: health.Text{EN: "The disk is full", FR: "Le disque est plein"},
	Text: health.Text{EN: "New events wait on the bus and cannot be searched. None is lost while it has room.",
		FR: "Les nouveaux événements attendent sur le bus et ne peuvent pas être cherchés. Aucun n'est perdu tant qu'il a de la place."},
	NextStep: health.Text{EN: "Free space on the disk, or shorten store.flows and store.events.",
		FR: "Libérez de la place sur le disque, ou raccourcissez store.flows et store.events."},
}

var captureUnread = health.Warnable{
	ID: "node.capture-unread", Severity: health.Degraded, Per: "name",
	Title: health.Text{EN: "{name} was not read to its end", FR: "{name} n'a pas été lu jusqu'au bout"},
	Text: health.Text{EN: "{reason}. {packets} packets were read before.",
		FR: "{reason}. {packets} paquets ont été lus avant."},
	NextStep: health.Text{EN: "Capture it anew, or go on with what is here.",
		FR: "Refaites la capture, ou continuez avec ce qui est là."},
}

func (n *Node) warnDisk(full bool) {
	if full {
		n.health.Set(&diskFull, nil)
	} else {
		n.health.Clear(&diskFull, "")
	}
}

// rememberLoss is how long a loss of events stays a warning after the last one.
const rememberLoss = time.Hour

// losses counts batches that found no room before the bus. The zero value has seen none.
type losses struct {
	mu      sync.Mutex
	batches uint64
	since   time.Time
	end     *time.Timer
}

// note counts one, and warns for as long as it is remembered.
func (l *losses) note(t *health.Tracker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.batches == 0 {
		l.since = time.Now()
		l.end = time.AfterFunc(rememberLoss, func() { l.forget(t) })
	}
	l.batches++
	l.end.Reset(rememberLoss)
	t.Set(&eventsDropped, health.Args{"batches": strconv.FormatUint(l.batches, 10), "since": l.since.Format(time.TimeOnly)})
}

func (l *losses) forget(t *health.Tracker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batches = 0
	t.Clear(&eventsDropped, "")
}
