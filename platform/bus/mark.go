package bus

import "context"

// Mark is how far who keeps what it learnt has read a bus; of the zero Mark nothing was read.
type Mark struct {
	Seq  uint64 `json:"seq"`  // of the last batch that was read
	Born int64  `json:"born"` // when that bus was made, unix nanoseconds; 0 where it is not known
}

// Resume is m on b: m itself where b is the bus that was read, and one of which nothing was read where it is another, whose
// batches have numbers of their own.
func (b *Bus) Resume(ctx context.Context, m Mark) (Mark, error) {
	_, last, at, err := b.Extent(ctx)
	if err != nil {
		return m, err
	}
	born := at.UnixNano()
	if m.Seq > last || m.Born != 0 && m.Born != born {
		m.Seq = 0
	}
	m.Born = born
	return m, nil
}

// Next is where to go on reading.
func (m Mark) Next() uint64 {
	if m.Seq == 0 {
		return FromFirst
	}
	return m.Seq + 1
}
