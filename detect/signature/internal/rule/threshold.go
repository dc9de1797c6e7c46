package rule

import "strings"

func (b *builder) threshold(v value) error {
	switch {
	case b.rule.Threshold != nil:
		return faultf(b.at, "threshold is given twice")
	case b.rule.Detection != nil:
		return faultf(b.at, "threshold and detection_filter contradict each other")
	}
	t, given, err := b.readThreshold(v)
	if err != nil {
		return err
	}
	for _, name := range []string{"type", "track", "count"} {
		if !given[name] {
			return faultf(v.at, "threshold needs %s", name)
		}
	}
	switch {
	case !t.Backoff && !given["seconds"]:
		return faultf(v.at, "threshold needs seconds")
	case t.Backoff && (given["seconds"] || !given["multiplier"]):
		return faultf(v.at, "threshold of type backoff has a multiplier and no seconds")
	case t.Backoff && t.Track != "by_flow":
		return faultf(v.at, "threshold of type backoff tracks by_flow")
	case !t.Backoff && given["multiplier"]:
		return faultf(v.at, "a multiplier is of a threshold of type backoff")
	}
	b.rule.Threshold = t
	return nil
}

func (b *builder) detectionFilter(v value) error {
	switch {
	case b.rule.Detection != nil:
		return faultf(b.at, "detection_filter is given twice")
	case b.rule.Threshold != nil:
		return faultf(b.at, "threshold and detection_filter contradict each other")
	}
	t, given, err := b.readThreshold(v)
	if err != nil {
		return err
	}
	for _, name := range []string{"track", "count", "seconds"} {
		if !given[name] {
			return faultf(v.at, "detection_filter needs %s", name)
		}
	}
	if given["type"] || given["multiplier"] {
		return faultf(v.at, "detection_filter has track, count, seconds and unique_on")
	}
	t.Threshold = true
	b.rule.Detection = t
	return nil
}

// readThreshold reads NAME VALUE pairs with commas between them.
func (b *builder) readThreshold(v value) (*Threshold, map[string]bool, error) {
	t, given := &Threshold{}, map[string]bool{}
	for _, p := range v.split(',', -1) {
		words := p.words()
		if len(words) != 2 {
			return nil, nil, faultf(p.at, "%s: a name and its value are wanted, not %q", b.option, cutWord(p.text))
		}
		name := strings.ToLower(words[0].text)
		if given[name] {
			return nil, nil, faultf(p.at, "%s: %s is given twice", b.option, name)
		}
		given[name] = true
		if err := b.thresholdPart(t, name, words[1]); err != nil {
			return nil, nil, err
		}
	}
	return t, given, nil
}

func (b *builder) thresholdPart(t *Threshold, name string, v value) (err error) {
	switch name {
	case "type":
		return b.thresholdType(t, v)
	case "track":
		switch t.Track = v.text; v.text {
		case "by_src", "by_dst", "by_both", "by_rule", "by_flow":
			return nil
		}
		return faultf(v.at, "%s cannot track %q", b.option, cutWord(v.text))
	case "unique_on":
		if v.text != "src_port" && v.text != "dst_port" {
			return faultf(v.at, "%s: unique_on is src_port or dst_port, not %q", b.option, cutWord(v.text))
		}
		t.Unique = v.text
		return nil
	}
	n, err := b.unsigned(v, 32)
	if err == nil && n == 0 {
		err = faultf(v.at, "%s: %s must not be 0", b.option, name)
	}
	switch name {
	case "count":
		t.Count = uint32(n)
	case "seconds":
		t.Seconds = uint32(n)
	case "multiplier":
		t.Multiplier = uint32(n)
	default:
		return faultf(v.at, "%s knows no %q", b.option, cutWord(name))
	}
	return err
}

func (b *builder) thresholdType(t *Threshold, v value) error {
	switch v.text {
	case "limit":
		t.Limit = true
	case "threshold":
		t.Threshold = true
	case "both":
		t.Limit, t.Threshold = true, true
	case "backoff":
		t.Backoff = true
	default:
		return faultf(v.at, "threshold has no type %q (limit, threshold, both, backoff)", cutWord(v.text))
	}
	return nil
}
