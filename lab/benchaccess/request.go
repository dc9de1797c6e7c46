package main

import (
	"encoding/json"

	cedar "github.com/cedar-policy/cedar-go"
)

// request reads a question in the form of Cedar's own tools.
func request(doc []byte) (cedar.Request, error) {
	type uid struct{ Type, ID string }
	var q struct {
		Principal, Action, Resource uid
		Context                     cedar.Record
	}
	if err := json.Unmarshal(doc, &q); err != nil {
		return cedar.Request{}, err
	}
	of := func(u uid) cedar.EntityUID { return cedar.NewEntityUID(cedar.EntityType(u.Type), cedar.String(u.ID)) }
	return cedar.Request{Principal: of(q.Principal), Action: of(q.Action), Resource: of(q.Resource), Context: q.Context}, nil
}
