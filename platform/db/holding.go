package db

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// mostHeld is how many rows of a table are counted at most.
const mostHeld = 10_000

// Holding says in how many rows of which tables any of the words stands, as a whole word, whatever the case. It reads the whole database.
func (d *DB) Holding(ctx context.Context, words []string) (map[string]int, error) {
	found := map[string]int{}
	if len(words) == 0 {
		return found, nil
	}
	tables, err := d.textColumns(ctx)
	if err != nil {
		return nil, err
	}
	for table, columns := range tables {
		n, err := d.holds(ctx, table, columns, words)
		if err != nil {
			return nil, fmt.Errorf("looking into %s: %w", table, err)
		}
		if n > 0 {
			found[table] = n
		}
	}
	return found, nil
}

// textColumns are the columns of all tables that can hold a text.
func (d *DB) textColumns(ctx context.Context) (map[string][]string, error) {
	ask := "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND upper(c.type) IN ('TEXT', 'JSONB', 'BYTEA')"
	if d.engine == PostgreSQL {
		ask = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() AND data_type IN ('text', 'jsonb', 'bytea')"
	}
	rows, err := d.Read().QueryContext(ctx, ask)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return nil, err
		}
		all[table] = append(all[table], column)
	}
	return all, rows.Err()
}

// holds counts the rows of a table in which a word stands.
func (d *DB) holds(ctx context.Context, table string, columns, words []string) (int, error) {
	text := make([]string, len(columns))
	var args []any
	for n, c := range columns {
		text[n] = "COALESCE(CAST(? AS TEXT), '')"
		if d.engine == PostgreSQL { // of bytes, what is text stands as it is
			text[n] = "COALESCE(CASE WHEN pg_typeof(?) = 'bytea'::regtype THEN encode(CAST(CAST(? AS TEXT) AS BYTEA), 'escape') ELSE CAST(? AS TEXT) END, '')"
			args = append(args, bun.Ident(c), bun.Ident(c))
		}
		args = append(args, bun.Ident(c))
	}
	whole := strings.Join(text, " || ' ' || ")
	either := make([]string, len(words))
	like := slices.Clone(args)
	like = append(like, bun.Ident(table))
	for n, w := range words {
		either[n] = "lower(" + whole + ") LIKE ? ESCAPE '!'"
		like = append(append(like, args...), "%"+strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(strings.ToLower(w))+"%")
	}
	rows, err := d.Read().QueryContext(ctx, "SELECT "+whole+" FROM ? WHERE "+strings.Join(either, " OR ")+fmt.Sprintf(" LIMIT %d", mostHeld), like...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	is := wholeWord(words)
	n := 0
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return 0, err
		}
		if is.MatchString(text) {
			n++
		}
	}
	return n, rows.Err()
}

// wholeWord matches any of the words where neither a letter nor a digit stands beside it.
func wholeWord(words []string) *regexp.Regexp {
	quoted := make([]string, len(words))
	for n, w := range words {
		quoted[n] = regexp.QuoteMeta(w)
	}
	return regexp.MustCompile(`(?i)(^|[^\p{L}\p{N}])(` + strings.Join(quoted, "|") + `)($|[^\p{L}\p{N}])`)
}
