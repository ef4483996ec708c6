/// The pure heart of the agent: facts in, records and actions out. Its functions stand in one file a topic.
package enum Reconciler {}
