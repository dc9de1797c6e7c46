package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// stored tells, for each of the batches of [from, to] that is not completely stored, the places of those of its
// events that are. counts is how many events each batch has, and span their range of time.
//
// The first question only counts rows by batch: after a crash most batches are whole.
func (s *Store) stored(ctx context.Context, from, to uint64, span extent, counts map[uint64]int) (map[uint64]places, error) {
	some := map[uint64]places{}
	if len(counts) == 0 {
		return some, nil
	}
	q := Query{}
	if span.any {
		q.From, q.To = time.Unix(0, span.from), time.Unix(0, span.to+1)
	}
	rows, err := s.run(ctx, q, fmt.Sprintf("filter %s:range[%d, %d] | stats by (%s) count() n", attrSeq, from, to, attrSeq), math.MaxInt)
	if err != nil {
		return nil, err
	}
	n := make(map[uint64]int, len(rows))
	for i := range rows {
		n[rows[i].number(attrSeq)] = int(rows[i].number("n"))
	}
	var partial []string
	for seq, want := range counts {
		if n[seq] >= want {
			continue
		}
		some[seq] = places{}
		if n[seq] > 0 {
			partial = append(partial, strconv.FormatUint(seq, 10))
		}
	}
	if len(partial) == 0 {
		return some, nil
	}
	rows, err = s.run(ctx, q, fmt.Sprintf("filter %s:in(%s) | fields %s, id", attrSeq, strings.Join(partial, ","), attrSeq), math.MaxInt)
	for i := range rows {
		seq := rows[i].number(attrSeq)
		if at, err := strconv.Atoi(rows[i].ID[strings.LastIndexByte(rows[i].ID, '.')+1:]); err == nil {
			some[seq] = some[seq].with(at)
		}
	}
	return some, err
}
