/** The smallest SDK that OpenTelemetry's interface allows: it tells each span that has ended. */
import { AsyncLocalStorage } from "node:async_hooks";
import type {
  Attributes,
  Context,
  ContextManager,
  Span,
  SpanStatus,
  Tracer,
  TracerProvider,
} from "@opentelemetry/api";
import { context, ROOT_CONTEXT, SpanStatusCode, trace } from "@opentelemetry/api";

export interface EndedSpan {
  readonly span: string;
  readonly parent: string | undefined;
  readonly failed: boolean;
  readonly attributes: Attributes;
}

/** Loads the SDK into this process. */
export function installSdk(onEnd: (span: EndedSpan) => void): void {
  const names = new WeakMap<Span, string>();
  const startSpan = (name: string, parent: Context): Span => {
    const above = trace.getSpan(parent);
    const span = new Recording((attributes, status) =>
      onEnd({
        span: name,
        parent: above === undefined ? undefined : names.get(above),
        failed: status?.code === SpanStatusCode.ERROR,
        attributes,
      }),
    ) as unknown as Span; // what Postern uses of it
    names.set(span, name);
    return span;
  };
  const tracer = {
    startActiveSpan(name: string, work: (span: Span) => unknown) {
      const span = startSpan(name, context.active());
      return context.with(trace.setSpan(context.active(), span), () => work(span));
    },
  } as unknown as Tracer; // likewise
  context.setGlobalContextManager(new Contexts());
  trace.setGlobalTracerProvider({ getTracer: () => tracer } satisfies TracerProvider);
}

class Recording {
  readonly #attributes: Attributes = {};
  readonly #onEnd: (attributes: Attributes, status: SpanStatus | undefined) => void;
  #status: SpanStatus | undefined;

  constructor(onEnd: (attributes: Attributes, status: SpanStatus | undefined) => void) {
    this.#onEnd = onEnd;
  }

  setAttribute(name: string, value: string): void {
    this.#attributes[name] = value;
  }

  setAttributes(attributes: Attributes): void {
    Object.assign(this.#attributes, attributes);
  }

  setStatus(status: SpanStatus): void {
    this.#status = status;
  }

  end(): void {
    this.#onEnd(this.#attributes, this.#status);
  }
}

class Contexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    work: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(active, () => work.apply(self, args));
  }

  bind<T>(_active: Context, target: T): T {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}
