// A provider for OpenFeature's web SDK: slots and experiments are flags, decided on the device.

import {
  ErrorCode, OpenFeatureEventEmitter, ProviderEvents, StandardResolutionReasons, TypeMismatchError,
  type EvaluationContext, type FlagMetadata, type JsonValue, type Provider, type ResolutionDetails,
} from '@openfeature/web-sdk';

import type { Assignment, Decision, SlotDecision, Waymark } from '../ts/types';

/**
 * The value of a slot's flag is whether something is shown (boolean), the content's id (string), or the
 * content's own JSON. That of an experiment's is the variation's id (string), its number, or whether it is
 * another than the first.
 */
export class WaymarkProvider implements Provider {
  readonly metadata = { name: 'waymark' } as const;
  readonly runsOn = 'client' as const;
  readonly events = new OpenFeatureEventEmitter();
  readonly #waymark: Waymark;
  #decision: Decision | undefined;
  #stop: (() => void) | undefined;

  constructor(waymark: Waymark) {
    this.#waymark = waymark;
  }

  async initialize(context?: EvaluationContext): Promise<void> {
    this.#identify(context);
    this.#decision = await this.#waymark.decide();
    this.#stop = this.#waymark.on('decision', (decision) => {
      const before = this.#decision;
      this.#decision = decision;
      if (before !== decision) this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: flags(decision) });
    });
  }

  async onContextChange(before: EvaluationContext, context: EvaluationContext): Promise<void> {
    if (before.targetingKey !== context.targetingKey) this.#identify(context);
    this.#decision = await this.#waymark.decide();
  }

  async onClose(): Promise<void> {
    this.#stop?.();
  }

  resolveBooleanEvaluation(flag: string, otherwise: boolean): ResolutionDetails<boolean> {
    return this.#resolve(flag, otherwise, {
      slot: ({ content, json }) => (typeof json === 'boolean' ? json : content !== null),
      experiment: ({ number }) => number > 0,
    });
  }

  resolveStringEvaluation(flag: string, otherwise: string): ResolutionDetails<string> {
    return this.#resolve(flag, otherwise, {
      slot: ({ content, json }) => (typeof json === 'string' ? json : content ?? otherwise),
      experiment: ({ variation }) => variation,
    });
  }

  resolveNumberEvaluation(flag: string, otherwise: number): ResolutionDetails<number> {
    return this.#resolve(flag, otherwise, {
      slot: ({ content, json }) => {
        if (content === null) return otherwise;
        if (typeof json !== 'number') throw new TypeMismatchError(`the content of ${flag} is no number`);
        return json;
      },
      experiment: ({ number }) => number,
    });
  }

  resolveObjectEvaluation<T extends JsonValue>(flag: string, otherwise: T): ResolutionDetails<T> {
    return this.#resolve(flag, otherwise, {
      slot: ({ content, json }) => {
        if (content === null) return otherwise;
        if (json === undefined) throw new TypeMismatchError(`the content of ${flag} is no JSON`);
        return json as T;
      },
      experiment: () => {
        throw new TypeMismatchError(`the experiment ${flag} has no JSON of its own`);
      },
    });
  }

  #identify(context: EvaluationContext | undefined): void {
    const { targetingKey } = context ?? {};
    if (targetingKey && targetingKey !== this.#waymark.user().id()) this.#waymark.identify(targetingKey);
  }

  #resolve<T>(
    flag: string,
    otherwise: T,
    read: { slot(slot: SlotDecision): T; experiment(assignment: Assignment): T },
  ): ResolutionDetails<T> {
    const decision = this.#decision;
    if (!decision) {
      return { value: otherwise, reason: StandardResolutionReasons.ERROR, errorCode: ErrorCode.PROVIDER_NOT_READY };
    }
    const flagMetadata: FlagMetadata = { pack: decision.pack ?? '' };
    const slot = Object.hasOwn(decision.slots, flag) ? decision.slots[flag] : undefined;
    if (slot) {
      const { content, experiment } = slot;
      return {
        value: read.slot(slot),
        reason: reason(slot),
        ...(content !== null && { variant: experiment?.variation ?? content }),
        flagMetadata: { ...flagMetadata, ...(slot.rule !== null && { rule: slot.rule }) },
      };
    }
    const assignment = Object.values(decision.slots).find(({ experiment }) => experiment?.id === flag)?.experiment;
    if (assignment) {
      return {
        value: read.experiment(assignment),
        reason: assignment.included ? StandardResolutionReasons.SPLIT : StandardResolutionReasons.DEFAULT,
        variant: assignment.variation,
        flagMetadata,
      };
    }
    return {
      value: otherwise,
      reason: StandardResolutionReasons.ERROR,
      errorCode: ErrorCode.FLAG_NOT_FOUND,
      errorMessage: `the pack has no slot and no experiment ${flag}`,
    };
  }
}

function reason({ content, rule, experiment }: SlotDecision): string {
  if (experiment) return StandardResolutionReasons.SPLIT;
  return content !== null && rule !== null ? StandardResolutionReasons.TARGETING_MATCH : StandardResolutionReasons.DEFAULT;
}

/** Every flag of a decision. */
function flags({ slots }: Decision): string[] {
  const experiments = Object.values(slots).flatMap(({ experiment }) => experiment?.id ?? []);
  return [...new Set([...Object.keys(slots), ...experiments])];
}
