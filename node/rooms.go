package node

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"bulwark/platform/health"
)

// Room is a part of the program that runs as long as the program does.
type Room interface {
	// Name is a short word for logs.
	Name() string
	// Run returns when ctx ends, or with what made it end before.
	Run(ctx context.Context) error
}

// rooms is the table of contents of the running program. Rooms of a later stage are started first and stopped last:
// what produces events ends before what carries and keeps them.
func (n *Node) rooms() []stage {
	watchers := stage{n.logs}
	if n.sensor != nil {
		watchers = append(watchers, n.sensor)
	}
	ground := stage{
		room{"publisher", n.flushAtEnd},
		room{"certificates", func(ctx context.Context) error { return n.certificates.Run(ctx, n.health) }},
		room{"clock", func(ctx context.Context) error { return health.WatchClock(ctx, n.health) }},
		room{"control", n.takeOrders},
		room{"console", n.server.Run},
		n.ledger,
		n.identity,
		n.provider,
	}
	if n.files != nil {
		ground = append(ground, n.files)
	}
	if n.hub != nil {
		ground = append(ground, room{"live", n.feedConsole})
	}
	keepers := n.links()
	if n.inventory != nil {
		keepers = append(keepers, room{"inventory", func(ctx context.Context) error { return n.inventory.Run(ctx, n.bus) }})
	}
	if n.findings != nil {
		keepers = append(keepers, room{"findings", func(ctx context.Context) error { return n.findings.Run(ctx, n.bus) }})
	}
	if n.incidents != nil {
		keepers = append(keepers, room{"incidents", func(ctx context.Context) error { return n.incidents.Run(ctx, n.bus) }})
	}
	if n.access != nil {
		keepers = append(keepers, room{"access", func(ctx context.Context) error { return n.access.Run(ctx, n.bus) }})
	}
	if n.playbooks != nil {
		keepers = append(keepers, room{"playbooks", func(ctx context.Context) error { return n.playbooks.Run(ctx, n.bus) }})
	}
	if n.notify != nil {
		keepers = append(keepers, room{"notify", func(ctx context.Context) error { return n.notify.Run(ctx, n.bus) }})
	}
	if n.safety != nil {
		keepers = append(keepers, n.containment, room{"safety", func(ctx context.Context) error { return n.safety.Run(ctx, n.bus) }})
	}
	if n.below != nil {
		keepers = append(keepers, room{"group", n.takeGroupOrders})
	}
	if n.sinkhole != nil {
		keepers = append(keepers, n.sinkhole)
	}
	if n.rulebook != nil {
		keepers = append(keepers, room{"signature", func(ctx context.Context) error { return n.rulebook.Run(ctx, n.bus) }})
	}
	if n.logRules != nil {
		keepers = append(keepers, room{"logrule", func(ctx context.Context) error { return n.logRules.Run(ctx, n.bus) }})
	}
	if n.store != nil {
		keepers = append(keepers, room{"store", func(ctx context.Context) error { return n.store.Run(ctx, n.bus) }})
	}
	return []stage{watchers, ground, keepers}
}

// stage is a set of rooms that run and stop together.
type stage []Room

// room is a function with a name.
type room struct {
	name string
	run  func(context.Context) error
}

func (r room) Name() string                  { return r.name }
func (r room) Run(ctx context.Context) error { return r.run(ctx) }

// run runs all stages until ctx ends or a room fails; then it stops one stage after the other, the first first.
func run(ctx context.Context, stages []stage) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var stops []func()
	var (
		mu   sync.Mutex
		errs []error
	)
	for _, s := range stages {
		own, stop := context.WithCancel(context.WithoutCancel(ctx))
		var wait sync.WaitGroup
		for _, r := range s {
			wait.Go(func() {
				err := r.Run(own)
				if err == nil && own.Err() == nil && !finishes(r) {
					err = errors.New("ended although nobody asked it to")
				}
				if err != nil && !errors.Is(err, context.Canceled) {
					err = fmt.Errorf("%s: %w", r.Name(), err)
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
					fail(err)
				}
			})
		}
		stops = append(stops, func() { stop(); wait.Wait() })
	}
	<-ctx.Done()
	for _, stop := range stops {
		stop()
	}
	return errors.Join(errs...)
}

// finishes reports whether a room may come to an end by itself: a sensor that reads files does.
func finishes(r Room) bool {
	f, ok := r.(interface{ Finite() bool })
	return ok && f.Finite()
}
