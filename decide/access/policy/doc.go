// Package policy decides by Cedar policies. It reads them strictly, with the place of each fault; finds those that can speak of a
// question through an index of their scopes, so that a decision costs the same among ten thousand as among two hundred; keeps the
// entities that they speak of in memory; and remembers decisions as long as nothing that they read has changed.
//
// It is the one package that knows the library that evaluates Cedar (github.com/cedar-policy/cedar-go). Nothing here reads a clock, a
// file or the network.
package policy
